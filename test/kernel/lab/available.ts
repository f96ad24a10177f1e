/** Whether this machine has what the lab needs. */
import { execFileSync } from 'node:child_process';

const TOOLS = ['python3', 'ip', 'nft', 'iptables-nft', 'iptables-legacy', 'ipset', 'conntrack'];

/** Why the lab cannot run here; null: it can. */
export function whyNoLab(): string | null {
  if (process.getuid?.() !== 0) return 'the lab needs root';
  for (const tool of TOOLS) {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`]);
    } catch {
      return `the lab needs ${tool}`;
    }
  }
  try {
    execFileSync('unshare', ['--net', 'true'], { stdio: 'ignore' });
  } catch {
    return 'the lab needs network namespaces';
  }
  return null;
}
