/** How much work a round does: `concurrency` units in flight, a new one for each that ends, until the time is over. */
export interface Load {
  readonly concurrency: number;
  readonly seconds: number;
}

export interface LoopResult {
  readonly completed: number;
  /** Until the last unit ended: the tail counts, so a backlog cannot be hidden behind the deadline. */
  readonly elapsedMs: number;
}

/** The loop of every side, ours and the peers'. */
export async function closedLoop({ concurrency, seconds }: Load, once: () => Promise<void>): Promise<LoopResult> {
  const startedAt = performance.now();
  const deadline = startedAt + seconds * 1000;
  let completed = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < deadline) {
      await once();
      completed += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return { completed, elapsedMs: performance.now() - startedAt };
}
