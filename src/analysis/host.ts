import type { Compiled } from '../compile/compiled.ts';
import type { DockfwError } from '../errors.ts';
import type { HostSummary, ProblemSummary } from './result.ts';

export function summarizeHost(compiled: Compiled): HostSummary {
  const { host, counters, problems } = compiled;
  const rules = counters.filter(({ number }) => number !== null);
  return {
    source: host.source,
    docker: host.docker.server,
    interfaces: host.interfaces.length,
    networks: host.networks.map(({ name }) => name),
    containers: host.containers.length,
    rules: rules.filter(({ family }) => family === 4).length,
    rulesV6: rules.filter(({ family }) => family === 6).length,
    assumed: host.assumed,
    problems: [...host.problems, ...problems].map(summarizeProblem),
  };
}

function summarizeProblem(problem: DockfwError): ProblemSummary {
  return {
    code: problem.code,
    severity: problem.severity,
    message: problem.message,
    file: problem.file ?? null,
    line: problem.line ?? null,
    column: problem.column ?? null,
  };
}
