import { describe, expect, it } from 'vitest';
import type { Scope } from '../expressions/index.js';
import { compileGraph } from './compile.js';

describe('a compiled graph', () => {
  const graph = compileGraph({
    name: 'a/b',
    nodes: [
      { id: 'c', type: 't', needs: ['a', 'b', 'a'], join: 'any_success', on_error: { output: 'none' } },
      {
        id: 'a',
        type: 't',
        config: { fixed: 1, from: '{{ inputs.x }}', key: '{{ secrets.K }}' },
        retry: { max_attempts: 3 },
        timeout_ms: 5,
      },
      {
        id: 'b',
        type: 't',
        when: '{{ inputs.x == 1 }}',
        for_each: { items: '{{ inputs.list }}' },
        config: { i: '{{ item + index }}' },
        on_error: 'continue',
      },
    ],
    outputs: '{{ nodes.c.output }}',
    settings: { concurrency: { key: 'k-{{ inputs.x }}' } },
  });

  it('is turned both ways and sorted', () => {
    expect(graph.order).toEqual(['a', 'b', 'c']);
    expect(graph.levels).toEqual([['a', 'b'], ['c']]);
    expect(graph.roots).toEqual(['a', 'b']);
    expect(graph.nodes.get('c')).toMatchObject({
      index: 0,
      needs: ['a', 'b'],
      dependents: [],
      join: 'any_success',
      onError: { kind: 'fallback' },
    });
    expect(graph.nodes.get('a')).toMatchObject({
      needs: [],
      dependents: ['c'],
      join: 'all_success',
      retry: { max_attempts: 3 },
      timeoutMs: 5,
      onError: { kind: 'stop' },
      when: null,
      forEach: null,
    });
    expect(graph.nodes.get('b')).toMatchObject({
      retry: { max_attempts: 1 },
      timeoutMs: null,
      onError: { kind: 'continue' },
      forEach: { maxParallel: 10 },
    });
  });

  it('knows what its templates read', () => {
    const a = graph.nodes.get('a');
    expect([...(a?.config.constantKeys ?? [])]).toEqual(['fixed']);
    expect([...(a?.config.secretKeys ?? [])]).toEqual(['key']);
  });

  it('has its defaults filled', () => {
    expect(graph.settings).toMatchObject({
      maxParallelNodes: 10,
      onError: 'stop',
      timeoutMs: null,
      priority: 0,
      concurrency: { limit: 1, onConflict: 'queue' },
    });
    const scope = { inputs: { x: 1, list: [5] }, nodes: {}, run: {}, env: {}, secrets: {} } as unknown as Scope;
    expect(graph.settings.concurrency?.key.evaluate(scope)).toBe('k-1');
    expect(graph.nodes.get('b')?.config.evaluate({ ...scope, item: 5, index: 2 })).toEqual({ i: 7 });
    expect(graph.nodes.get('b')?.forEach?.items.evaluate(scope)).toEqual([5]);
  });

  it('refuses a cycle', () => {
    expect(() => compileGraph({ name: 'x', nodes: [{ id: 'a', type: 't', needs: ['a'] }] })).toThrow('the graph has a cycle: a -> a');
  });
});
