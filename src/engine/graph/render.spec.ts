import { describe, expect, it } from 'vitest';
import type { GraphDefinition } from '../model/definition.js';
import { toDot, toMermaid, viewGraph } from './render.js';

const definition: GraphDefinition = {
  name: 'a/b',
  nodes: [
    { id: 'end', type: 'noop', name: 'He said "<b>]]" & \\left' },
    { id: 'a-b', type: 'noop', needs: ['end', 'end'], when: '{{ true }}' },
    { id: 'each', type: 'noop', needs: ['a-b', 'end'], for_each: { items: [] } },
  ],
};

describe('a graph', () => {
  it('as nodes and edges', () => {
    const view = viewGraph(definition);
    expect(view.edges).toEqual([
      { from: 'end', to: 'a-b' },
      { from: 'a-b', to: 'each' },
      { from: 'end', to: 'each' },
    ]);
    expect(view.nodes.map(({ id, level, conditional, for_each }) => ({ id, level, conditional, for_each }))).toEqual([
      { id: 'end', level: 0, conditional: false, for_each: false },
      { id: 'a-b', level: 1, conditional: true, for_each: false },
      { id: 'each', level: 2, conditional: false, for_each: true },
    ]);
  });

  it('as Mermaid, whatever the names hold', () => {
    expect(toMermaid(viewGraph(definition))).toBe(
      [
        'flowchart TD',
        '  n0["He said #34;#60;b#62;#93;#93;#34; #38; #92;left<br/>noop"]',
        '  n1{{"a-b<br/>noop"}}',
        '  n2[["each<br/>noop"]]',
        '  n0 --> n1',
        '  n1 --> n2',
        '  n0 --> n2',
        '',
      ].join('\n'),
    );
  });

  it('as DOT, whatever the names hold', () => {
    const dot = toDot(viewGraph(definition));
    expect(dot).toContain('  "end" [label="He said \\"<b>]]\\" & \\\\left\\nnoop"];');
    expect(dot).toContain('  "a-b" [label="a-b\\nnoop", shape=hexagon];');
    expect(dot).toContain('  "a-b" -> "each";');
  });

  it('with how a run fared', () => {
    const view = viewGraph(
      definition,
      new Map([
        ['end', { status: 'success', duration_ms: 12, attempts: 2 }],
        ['a-b', { status: 'failed', duration_ms: 3, attempts: 1 }],
      ]),
    );
    expect(view.nodes.map(({ status, duration_ms, attempts }) => ({ status, duration_ms, attempts }))).toEqual([
      { status: 'success', duration_ms: 12, attempts: 2 },
      { status: 'failed', duration_ms: 3, attempts: 1 },
      { status: 'pending', duration_ms: null, attempts: 0 },
    ]);
    expect(toMermaid(view)).toContain('noop<br/>success, 12 ms, 2 attempts"]:::success');
    expect(toMermaid(view)).toContain('classDef failed fill:#fee2e2');
    expect(toDot(view)).toContain('fillcolor="#dcfce7"');
  });
});
