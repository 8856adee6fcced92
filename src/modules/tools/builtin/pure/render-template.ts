import { StepError } from '../../../../engine/index.js';
import { startThread } from '../../../../platform/threads/index.js';
import type { TemplateMessage, TemplateTask } from './template.types.js';

const TIME_LIMIT_MS = 2_000;
/** The thread has to start before it can render. */
const START_MS = 5_000;

/**
 * Fills a Jinja template in a thread of its own, that is ended when it takes too long or too much memory: loops within loops are
 * little to write and much to do. Throws `StepError`.
 */
export async function renderTemplate(task: TemplateTask, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const thread = startThread(new URL('./template.worker.js', import.meta.url), {
    workerData: task,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16, stackSizeMb: 2 },
  });
  let timer = setTimeout(() => {}, 0);
  let onAbort = (): void => {};
  try {
    const message = await new Promise<TemplateMessage>((resolve, reject) => {
      const overrun = (): void =>
        reject(new StepError('timeout', `the template took longer than ${TIME_LIMIT_MS} ms`, { retryable: false }));
      timer = setTimeout(overrun, START_MS + TIME_LIMIT_MS);
      thread.once('online', () => {
        clearTimeout(timer);
        timer = setTimeout(overrun, TIME_LIMIT_MS);
      });
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      thread.once('message', resolve);
      thread.once('error', () => reject(new StepError('too_large', 'the template needs too much memory', { retryable: false })));
      thread.once('exit', () => reject(new StepError('template_failed', 'the template could not be filled in', { retryable: false })));
    });
    if ('fault' in message)
      throw new StepError('template_failed', `the template cannot be filled in: ${message.fault}`, { retryable: false });
    return message.text;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    void thread.terminate();
  }
}
