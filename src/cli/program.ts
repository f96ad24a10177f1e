import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../errors.ts';
import type { Io } from './io.ts';
import { writeProblem } from './problems.ts';
import { type ReplayFlags, replayCommand } from './replay-command.ts';

const MAX_WIDTH = 100;
const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
/** What the shells' scripts call at each tab. */
export const COMPLETE_COMMAND = 'complete';

/** The command line. `done` gets the exit status of the command that ran. */
export function createProgram(version: string, io: Io, done: (status: number) => void): Command {
  const program = new Command('dockfw')
    .description('What would this firewall do to this traffic? Offline, as the Linux kernel would.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureHelp({ helpWidth: Math.min(io.stdout.columns ?? MAX_WIDTH, MAX_WIDTH) })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text) => writeProblem(new UsageError(onOneLine(text)), io),
      getOutHelpWidth: () => Math.min(io.stdout.columns ?? MAX_WIDTH, MAX_WIDTH),
      getErrHelpWidth: () => Math.min(io.stderr.columns ?? MAX_WIDTH, MAX_WIDTH),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', EXAMPLES);
  addReplay(program, io, done);
  addCompletion(program, io, done);
  return program;
}

function addReplay(program: Command, io: Io, done: (status: number) => void): void {
  program
    .command('replay')
    .summary("replay a capture through a host's rules")
    .description(
      "Replays a capture through a host's rules and reports what becomes of its packets: what is " +
        'accepted and dropped, by which rule, and what is translated.',
    )
    .argument('<capture>', 'pcap or pcapng, plain, gzip or zstd; - for standard input')
    .addOption(
      new Option('--host <dir>', 'snapshot of the host (default: NAME.host beside NAME.pcap)'),
    )
    .addOption(
      new Option('--rules <file>', "iptables-save output to use in place of the snapshot's"),
    )
    .addOption(new Option('--rules6 <file>', 'the same for ip6tables'))
    .addOption(new Option('--at <iface>', 'interface of frames of which nothing tells theirs'))
    .addOption(new Option('--direction <direction>', 'direction at --at').choices(['in', 'out']))
    .addOption(
      new Option('--workers <n>', 'replay threads (default: one per core)').argParser(wholeNumber),
    )
    .addOption(
      new Option('--counters <file>', 'write the rules with counters, as iptables-save -c'),
    )
    .addOption(new Option('--counters6 <file>', 'the same for ip6tables'))
    .addOption(
      new Option(
        '--packets <file>',
        'write one record per frame: NDJSON, or Parquet for *.parquet',
      ),
    )
    .addOption(new Option('--json', 'print one JSON document'))
    .addOption(new Option('--no-cache', 'neither use nor keep compiled rules of other runs'))
    .addOption(
      new Option('--unknown <how>', 'what a match that dockfw cannot evaluate does')
        .choices(['match', 'nomatch', 'both', 'error'])
        .default('error'),
    )
    .addOption(
      new Option(
        '--fail-on <conditions>',
        'exit with 1 on any of: drop, accept, drop:CLASS, accept:CLASS, different, ambiguous, assumed',
      ),
    )
    .addHelpText('after', REPLAY_EXAMPLES)
    .action(async (capture: string, flags: ReplayFlags) => {
      done(await replayCommand(capture, flags, io));
    });
}

function addCompletion(program: Command, io: Io, done: (status: number) => void): void {
  program
    .command('completion')
    .summary('print a script that completes dockfw in a shell')
    .description('Prints a script that completes commands and options of dockfw in a shell.')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText('after', COMPLETION_EXAMPLES)
    .action(async (shell: string) => {
      const { writeCompletion } = await import('./completion.ts');
      writeCompletion(program, shell, io);
      done(0);
    });
}

/** What commander says is wrong, without its own mark. */
function onOneLine(text: string): string {
  return text
    .replace(/^error: /, '')
    .trim()
    .replaceAll('\n', ' ');
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError('Expected a number from 1.');
  return value;
}

const EXAMPLES = `
Examples:
  $ dockfw replay capture.pcap --host host/      what the host's firewall does to this traffic
  $ dockfw replay capture.pcap --rules rules.v4  the same with other rules
  $ dockfw replay --help                         all that replay can do

Exit status: 0 done, 1 a question that was asked (--fail-on) came out the other way,
2 usage, 3 input that cannot be read, or not wholly, or an output that cannot be written;
130 and 143 interrupted (128 and the number of the signal).
`;

const REPLAY_EXAMPLES = `
A host is a directory of outputs of standard commands: iptables-save.txt, ip-addr.json (ip -j -d
addr show), ip-route.json, sysctl.txt, docker-networks.json … Any of them may be missing.

Examples:
  $ dockfw replay shop.pcap                            host from shop.host/, else a default one
  $ dockfw replay shop.pcap --host web1/ --json        everything, for programs
  $ dockfw replay shop.pcap --counters after.txt       what iptables-save -c would say afterwards
  $ dockfw replay shop.pcap --packets out.parquet      what became of each packet
  $ dockfw replay shop.pcap --fail-on drop:published   exit with 1 if a published port is blocked
  $ tcpdump -i any -w - | dockfw replay - --host web1/
`;

const COMPLETION_EXAMPLES = `
Examples:
  $ source <(dockfw completion bash)
  $ dockfw completion zsh > "\${fpath[1]}/_dockfw"
  $ dockfw completion fish > ~/.config/fish/completions/dockfw.fish
`;
