import { stop } from '../loop/stop.js';

/** Does tasks as soon as what they need is done, some at a time. Waits for those under way before it tells of a failure. */
export async function inOrder<T extends { readonly id: string; readonly needs: readonly string[] }, R>(
  tasks: readonly T[],
  maxParallel: number,
  work: (task: T, done: ReadonlyMap<string, R>) => Promise<R>,
): Promise<ReadonlyMap<string, R>> {
  const done = new Map<string, R>();
  const waiting = [...tasks];
  const underWay = new Map<string, Promise<string>>();
  let failure: { readonly error: unknown } | null = null;
  while (waiting.length > 0 || underWay.size > 0) {
    for (const task of waiting.filter(({ needs }) => needs.every((id) => done.has(id)))) {
      if (failure !== null || underWay.size >= maxParallel) break;
      waiting.splice(waiting.indexOf(task), 1);
      const settled = work(task, done).then(
        (result) => {
          done.set(task.id, result);
          return task.id;
        },
        (error: unknown) => {
          failure ??= { error };
          return task.id;
        },
      );
      underWay.set(task.id, settled);
    }
    if (underWay.size === 0) {
      if (failure !== null) break;
      throw stop('invalid_plan', 'the steps of the plan depend on each other in a circle');
    }
    underWay.delete(await Promise.race(underWay.values()));
  }
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
  return done;
}
