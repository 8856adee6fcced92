import type { StepDirectory } from './files/step-directory.js';
import type { ShellRequest } from './shell-request.js';

const SHELL = '/bin/sh';
/** As the kernel reads it: one argument at most, whatever blanks it holds. */
const INTERPRETER = /^#![ \t]*([^ \t\r\n]+)(?:[ \t]+([^\r\n]*?))?[ \t]*(?:\r?\n|$)/;

/** What is executed: the program itself, or an interpreter with the script's file. */
export async function programOf(request: ShellRequest, step: StepDirectory): Promise<{ file: string; args: readonly string[] }> {
  if (request.script === null) return { file: request.command ?? '', args: request.args };
  const script = await step.writeScript(request.script);
  const [, interpreter = SHELL, argument = ''] = INTERPRETER.exec(request.script) ?? [];
  return { file: interpreter, args: [...(argument === '' ? [] : [argument]), script, ...request.args] };
}
