import { parentPort } from 'node:worker_threads';
import { createInterpreter, evaluate, type Interpreter } from './quickjs-evaluation.js';
import type { SandboxMessage, SandboxTask } from './sandbox.types.js';

if (parentPort === null) throw new Error('sandbox.worker runs as a worker thread');
const port = parentPort;
const tell = (message: SandboxMessage): void => port.postMessage(message);

/** Kept from one script to the next while it is tidy and its memory limit is the one asked for. */
let kept: Interpreter | undefined;

port.on('message', (task: SandboxTask) => {
  void serve(task);
});

async function serve(task: SandboxTask): Promise<void> {
  const interpreter = kept?.memoryBytes === task.memoryBytes ? kept : await createInterpreter(task.memoryBytes);
  tell({ kind: 'started' });
  const result = evaluate(interpreter, task, (level, message) => tell({ kind: 'log', level, message }));
  kept = result.tidy ? interpreter : undefined;
  tell('output' in result ? { kind: 'done', output: result.output } : { kind: 'failed', failure: result.failure });
}
