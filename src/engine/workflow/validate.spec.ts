import { describe, expect, it } from 'vitest';
import { EngineHarness } from '../testing/engine-harness.js';
import { validateWorkflow } from './index.js';

const nodeTypes = new EngineHarness().nodeTypes();

describe('a definition', () => {
  it.each([
    ['without a kind is a graph', { name: 'a', nodes: [{ id: 'n', type: 't.pure' }] }],
    ['of kind graph', { name: 'a', kind: 'graph', nodes: [{ id: 'n', type: 't.pure' }] }],
    ['of kind states', { name: 'a', kind: 'states', initial: 'end', states: { end: { type: 'terminal' } } }],
  ])('%s is valid', (_, definition) => {
    expect(validateWorkflow(definition, nodeTypes).errors).toEqual([]);
  });

  it.each([
    ['no object', 7, '', 'type'],
    ['of another kind', { name: 'a', kind: 'petri' }, '/kind', 'unsupported_kind'],
    ['a graph with states', { name: 'a', initial: 'x', states: {} }, '/nodes', 'required'],
  ])('%s is refused', (_, definition, path, code) => {
    expect(validateWorkflow(definition, nodeTypes).errors).toContainEqual(expect.objectContaining({ path, code }));
  });
});
