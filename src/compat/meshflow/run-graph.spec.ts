import { expect, it } from 'vitest';
import type { MeshRecord } from './records.js';
import { graphOfRecords, toMeshDot, toMeshMermaid } from './run-graph.js';

const record = (node_id: string, more: Partial<MeshRecord> = {}): MeshRecord =>
  ({ node_id, tokens_used: 3, cost_usd: 0.25, blocked: false, ...more }) as MeshRecord;

it('a graph is drawn with what its nodes used, blocked ones in red, unreached ones plain', () => {
  const graph = {
    runId: '0123456789012345678901234567',
    nodes: ['1st', 'a-b', 'a_b', 'say "hi"', 'end'],
    edges: [{ from: '1st', to: 'a-b' }],
  };
  const records = [record('1st'), record('1st'), record('a-b', { blocked: true })];
  expect(toMeshMermaid(graph, records)).toBe(String.raw`flowchart LR
  subgraph run["012345678901234567890123"]
    n0_1st["1st\ntokens=6 $0.5000"]
    a_b("⛔ a-b\ntokens=3 $0.2500")
    n2_a_b["a_b"]
    say__hi_["say 'hi'"]
    n4_end["end"]
  end
  n0_1st --> a_b
  style a_b fill:#f88,stroke:#900
`);
  expect(toMeshDot(graph, records)).toBe(String.raw`digraph "012345678901234567890123" {
  rankdir=LR;
  node [shape=box, style=filled];
  n0_1st [label="1st\ntokens=6 $0.5000", fillcolor=lightgreen];
  a_b [label="a-b\ntokens=3 $0.2500", fillcolor=lightcoral];
  n2_a_b [label="a_b", fillcolor=white];
  say__hi_ [label="say 'hi'", fillcolor=white];
  n4_end [label="end", fillcolor=white];
  n0_1st -> a_b;
}
`);
});

it('without a graph the records follow each other; without records there is nothing', () => {
  expect(graphOfRecords('r', [record('a'), record('b'), record('a')])).toEqual({
    runId: 'r',
    nodes: ['a', 'b'],
    edges: [{ from: 'a', to: 'b' }],
  });
  expect(toMeshMermaid(graphOfRecords('r', []), [])).toContain('empty["no steps"]');
  expect(toMeshDot(graphOfRecords('r', []), [])).toContain('empty [label="no steps"]');
});
