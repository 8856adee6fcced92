/** The dangerous instants of the engine, where tests kill, pause or fail a process. */
export const CRASH_POINTS = [
  'create.before-commit',
  'create.after-commit',
  'claim.after-commit',
  'step.before-execute',
  'step.after-execute',
  'journal.before-commit',
  'journal.after-commit',
  'park.before-commit',
  'park.after-commit',
  'child.after-create',
  'end.before-commit',
  'end.after-commit',
  'cancel.after-request',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

let hook: ((point: CrashPoint) => void) | null = null;

/** Marks an instant. Costs one comparison when no hook is installed, which is always so in production. */
export function crashPoint(point: CrashPoint): void {
  if (hook !== null) hook(point);
}

/** Installs what happens at crash points, or removes it with null. For tests only. */
export function onCrashPoint(handler: ((point: CrashPoint) => void) | null): void {
  hook = handler;
}
