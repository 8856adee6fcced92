import type { Join } from '../model/definition.js';
import type { SeededRandom } from './seeded-random.js';

/**
 * How the work of a node goes wrong. Everything is decided by the attempt or the run attempt, so that it is the same
 * whether or not something crashed in between.
 */
export type Trouble =
  | { readonly kind: 'none' }
  /** Fails this often, then succeeds; the node has attempts enough. */
  | { readonly kind: 'at_first'; readonly times: number }
  | { readonly kind: 'always'; readonly retryable: boolean }
  /** Fails in this many run attempts, then succeeds. */
  | { readonly kind: 'in_run_attempts'; readonly times: number }
  /** Its config cannot be evaluated. */
  | { readonly kind: 'expression' }
  /** Never ends; a time limit ends it. */
  | { readonly kind: 'hang' };

/** What a node does: something with effects, something pure, a durable pause, or a child run that does the work. */
export type Kind = 'effect' | 'pure' | 'pause' | 'child';

/** `bad_fallback`: a value to stand in for the output, which cannot be evaluated. */
export type OnError = 'default' | 'stop' | 'continue' | 'fallback' | 'bad_fallback';

export interface PlannedNode {
  readonly id: string;
  readonly kind: Kind;
  readonly needs: readonly string[];
  readonly join: Join;
  readonly when: 'absent' | 'yes' | 'no' | 'fault';
  readonly trouble: Trouble;
  /** Of a node: attempts in all. */
  readonly attempts: number;
  readonly onError: OnError;
  /** Items the node is repeated for; those divisible by three have the trouble. */
  readonly forEach: { readonly items: readonly number[] | 'no_array'; readonly maxParallel: number } | null;
}

/** A graph in the abstract. Nodes come after all they need. */
export interface PlannedGraph {
  readonly nodes: readonly PlannedNode[];
  readonly onError: 'stop' | 'continue' | 'retry_run';
  /** Of `retry_run`; else 1. */
  readonly runAttempts: number;
  readonly maxParallelNodes: number;
}

const JOINS: readonly Join[] = ['all_success', 'all_success', 'any_success', 'all_done'];
const KINDS: readonly Kind[] = ['effect', 'effect', 'effect', 'pure', 'pure', 'pause', 'child'];

export function randomGraph(random: SeededRandom, kinds: readonly Kind[] = KINDS): PlannedGraph {
  const onError = random.pick(['stop', 'stop', 'continue', 'retry_run'] as const);
  const size = random.between(1, random.chance(0.15) ? 24 : 10);
  const troublesome = random.pick([0, 0.1, 0.25, 0.5]);
  const nodes: PlannedNode[] = [];
  for (let index = 0; index < size; index += 1) nodes.push(randomNode(random, nodes, { onError, troublesome, kinds }));
  return {
    nodes,
    onError,
    runAttempts: onError === 'retry_run' ? random.between(1, 3) : 1,
    maxParallelNodes: random.pick([1, 2, 3, 10]),
  };
}

function randomNode(
  random: SeededRandom,
  before: readonly PlannedNode[],
  { onError, troublesome, kinds }: { onError: PlannedGraph['onError']; troublesome: number; kinds: readonly Kind[] },
): PlannedNode {
  const kind = random.pick(kinds);
  const fanOut = kind !== 'pause' && random.chance(0.2);
  const own = random.pick<OnError>(['default', 'default', 'default', 'stop', 'continue', 'fallback', 'bad_fallback']);
  const needs = random.shuffle(before.slice(-6)).slice(0, random.pick([0, 1, 1, 2, 2, 3]));
  const attempts = random.pick([1, 1, 2, 3]);
  const stops = own === 'stop' || (own === 'default' && onError !== 'continue');
  return {
    id: `n${before.length}`,
    kind,
    needs: needs.map(({ id }) => id),
    join: random.pick(JOINS),
    when: random.chance(0.8) ? 'absent' : random.pick(['yes', 'yes', 'no', random.chance(troublesome) ? 'fault' : 'no']),
    trouble: random.chance(troublesome)
      ? randomTrouble(random, { kind, attempts, fanOut, byRunAttempt: stops && onError === 'retry_run' })
      : { kind: 'none' },
    attempts,
    onError: own,
    forEach: fanOut ? { items: randomItems(random, troublesome), maxParallel: random.pick([1, 2, 5]) } : null,
  };
}

/** Only what stops a run may fail by run attempt: what is tolerated once is not looked at again by those that depend on it. */
function randomTrouble(
  random: SeededRandom,
  { kind, attempts, fanOut, byRunAttempt }: { kind: Kind; attempts: number; fanOut: boolean; byRunAttempt: boolean },
): Trouble {
  if (kind === 'pause') return { kind: 'none' };
  if (byRunAttempt && random.chance(0.6)) return { kind: 'in_run_attempts', times: random.between(1, 2) };
  const always: Trouble = { kind: 'always', retryable: random.chance(0.5) };
  if (kind === 'child') return always;
  if (random.chance(0.1)) return { kind: 'expression' };
  if (kind === 'pure') return always;
  // A limit that ends what hangs would now and then end a healthy item of the same node.
  if (!fanOut && random.chance(0.1)) return { kind: 'hang' };
  return attempts > 1 && random.chance(0.6) ? { kind: 'at_first', times: random.between(1, attempts - 1) } : always;
}

function randomItems(random: SeededRandom, troublesome: number): readonly number[] | 'no_array' {
  if (random.chance(troublesome * 0.2)) return 'no_array';
  return Array.from({ length: random.pick([0, 1, 3, 7]) }, () => random.between(0, 8));
}
