import type { NodeView } from '../expressions/index.js';
import type { CompiledNode } from './compiled-graph.js';

/** What becomes of a node, given how the nodes it needs stand. */
export type JoinDecision = 'wait' | 'run' | { readonly skip: string };

/**
 * - `all_success`: runs when every need succeeded; skipped once all are settled and one did not.
 * - `any_success`: runs as soon as one need succeeded; skipped once all are settled and none did.
 * - `all_done`: runs when every need is settled, however.
 */
export function joinDecision(
  node: Pick<CompiledNode, 'needs' | 'join'>,
  views: Readonly<Record<string, NodeView>>,
  settled: ReadonlySet<string>,
): JoinDecision {
  if (node.needs.length === 0) return 'run';
  const succeeded = node.needs.filter((id) => settled.has(id) && views[id]?.status === 'success').length;
  const open = node.needs.some((id) => !settled.has(id));
  switch (node.join) {
    case 'any_success':
      return succeeded > 0 ? 'run' : open ? 'wait' : { skip: 'no_need_succeeded' };
    case 'all_done':
      return open ? 'wait' : 'run';
    case 'all_success':
      if (open) return 'wait';
      return succeeded === node.needs.length ? 'run' : { skip: 'need_not_successful' };
  }
}
