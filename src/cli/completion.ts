import { RootCommand, script } from '@bomb.sh/tab';
import type { Command, Option } from 'commander';
import type { Io } from './io.ts';

/** The script for a shell; it asks `dockfw complete -- WORDS…` at each tab. */
export function writeCompletion(program: Command, shell: string, io: Io): void {
  const text = captured(() => script(shell, program.name(), program.name()));
  io.stdout.write(text.replace(/^complete -F /m, 'complete -o default -F ')); // bash: offer files
}

/** Answers the script: what can follow these words. */
export function answerCompletion(program: Command, words: readonly string[], io: Io): void {
  const root = new RootCommand();
  for (const command of program.commands) {
    const known = root.command(command.name(), command.summary());
    for (const option of command.options) addOption(known, option);
    for (const argument of command.registeredArguments) {
      const choices = argument.argChoices ?? [];
      known.argument(argument.name(), (complete) => {
        for (const choice of choices) complete(choice, '');
      });
    }
  }
  io.stdout.write(captured(() => root.parse([...words])));
}

function addOption(command: ReturnType<RootCommand['command']>, option: Option): void {
  const name = option.long?.slice(2);
  if (name === undefined) return;
  if (!option.required && !option.optional) {
    command.option(name, option.description);
    return;
  }
  const choices = option.argChoices ?? [];
  command.option(name, option.description, (complete) => {
    for (const choice of choices) complete(choice, '');
  });
}

/**
 * What @bomb.sh/tab prints; it knows no other output than console.log. Where it has no candidates,
 * the shell is told to offer files (directive 0), as captures, hosts and outputs are.
 */
function captured(print: () => void): string {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => lines.push(line);
  try {
    print();
  } finally {
    console.log = log;
  }
  if (lines.length === 1 && /^:\d+$/.test(lines[0] ?? '')) return ':0\n';
  return lines.map((line) => `${line}\n`).join('');
}
