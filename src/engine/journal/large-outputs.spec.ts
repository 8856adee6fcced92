import { afterEach, describe, expect, it } from 'vitest';
import type { NodeDefinition } from '../model/definition.js';
import type { JsonObject } from '../model/json.js';
import { StepError } from '../model/step-error.js';
import { StoreUnavailableError } from '../ports/run-store.js';
import { EngineHarness } from '../testing/engine-harness.js';
import { MemoryArtifacts } from '../testing/memory-artifacts.js';
import { MemoryRunStore } from '../testing/memory-run-store.js';
import { findBrokenLink } from './hash-chain.js';
import { outputRefOf } from './large-outputs.js';

const open: EngineHarness[] = [];
const LIMIT = 2_000;
function start(store = new MemoryRunStore(), artifacts = new MemoryArtifacts(), options = {}): EngineHarness {
  const harness = new EngineHarness(store, { maxInlineOutput: LIMIT, ...options }, artifacts);
  harness.behaviours.set('big', () => ({ text: BIG }));
  harness.behaviours.set('small', () => ({ text: 'small' }));
  harness.behaviours.set('length', (call) => ({ length: String(call.inputs['text']).length }));
  open.push(harness);
  harness.engine.start();
  return harness;
}
afterEach(() => {
  for (const { engine } of open.splice(0)) engine.kill();
});

const BIG = 'x'.repeat(10_000);
const node = (id: string, behaviour: string, fields: Partial<NodeDefinition> = {}): NodeDefinition => ({
  id,
  type: 't.do',
  config: { do: behaviour },
  ...fields,
});
const measure = (id: string, of: string): NodeDefinition =>
  node(id, 'length', { needs: [of], inputs: { text: `{{ nodes.${of}.output.text }}` } });

describe('a large output', () => {
  it('is kept outside of the journal, which binds it by its hash, and is there for what follows', async () => {
    const t = start();
    const definition = t.define([node('a', 'big'), measure('b', 'a')], {
      outputs: { a: '{{ nodes.a.output }}', b: '{{ nodes.b.output.length }}' },
    });
    const ended = await t.run(definition);
    expect(ended.outputs).toEqual({ a: { text: BIG }, b: BIG.length });
    const journal = await t.engine.journal(ended.id);
    expect(findBrokenLink(journal)).toBeNull();
    expect(JSON.stringify(journal)).not.toContain(BIG);
    const refs = journal.flatMap(({ data }) => outputRefOf(JSON.parse(data) as JsonObject) ?? []);
    expect(refs).toHaveLength(2);
    expect(refs[0]).toMatchObject({ size: JSON.stringify({ text: BIG }).length });
    expect(t.artifacts.outputs.size).toBe(2);
  });

  it('costs small ones nothing', async () => {
    const t = start();
    await t.run(t.define([node('a', 'small')], { outputs: '{{ nodes.a.output }}' }));
    expect(t.artifacts.outputs.size).toBe(0);
  });

  it('is masked before it leaves', async () => {
    const t = start();
    t.behaviours.set('leak', (call) => ({ text: `${String(call.config['token'])} ${BIG}` }));
    const leaking = node('a', 'leak', { config: { do: 'leak', token: '{{ secrets.TOKEN }}' } });
    const ended = await t.run(t.define([leaking], { outputs: '{{ nodes.a.output.text.startsWith("*** x") }}' }));
    expect(ended.outputs).toBe(true);
    expect([...t.artifacts.outputs.values()].join()).not.toContain('s3cr3t');
  });

  it('is stored before its row is committed, and nothing overtakes it', async () => {
    const t = start();
    const stored = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    t.artifacts.beforeOutput = async () => {
      asked.resolve();
      await stored.promise;
    };
    const runId = await t.submit(t.define([node('a', 'big'), node('b', 'small', { needs: ['a'] })]));
    await asked.promise;
    expect((await t.engine.journal(runId)).some(({ type }) => type === 'step.completed')).toBe(false);
    // The effectful step behind it waits for its commit.
    expect(t.calls).toEqual(['a']);
    stored.resolve();
    expect((await t.ended(runId)).status).toBe('success');
    expect(t.calls).toEqual(['a', 'b']);
  });

  it('does not hold up other runs', async () => {
    const t = start();
    const stored = Promise.withResolvers<void>();
    t.artifacts.beforeOutput = () => stored.promise;
    const slow = await t.submit(t.define([node('a', 'big')]));
    expect((await t.run(t.define([node('a', 'small')]))).status).toBe('success');
    stored.resolve();
    expect((await t.ended(slow)).status).toBe('success');
  });

  it('is there again after a crash, and its step is not executed again', async () => {
    const store = new MemoryRunStore();
    const artifacts = new MemoryArtifacts();
    const first = start(store, artifacts, { leaseMs: 60 });
    const reached = Promise.withResolvers<void>();
    first.behaviours.set('hang', () => {
      reached.resolve();
      return new Promise(() => undefined);
    });
    const definition = first.define([node('a', 'big'), node('wait', 'hang', { needs: ['a'] }), measure('b', 'a')], {
      outputs: '{{ nodes.b.output.length }}',
    });
    const runId = await first.submit(definition);
    await reached.promise;
    first.engine.kill();
    const second = start(store, artifacts, { leaseMs: 60 });
    second.adopt(definition);
    second.behaviours.set('hang', () => null);
    expect(await second.ended(runId)).toMatchObject({ status: 'success', outputs: BIG.length });
    expect(second.calls).not.toContain('a');
  });

  it('that was stored, but whose row was not committed in time, is replaced when the step is executed again', async () => {
    const store = new MemoryRunStore();
    const artifacts = new MemoryArtifacts();
    const first = start(store, artifacts, { leaseMs: 60 });
    const definition = first.define([node('a', 'big')], { outputs: '{{ nodes.a.output.text.size() }}' });
    const stored = Promise.withResolvers<void>();
    artifacts.beforeOutput = () => {
      first.engine.kill();
      stored.resolve();
    };
    const runId = await first.submit(definition);
    await stored.promise;
    artifacts.beforeOutput = () => undefined;
    const second = start(store, artifacts, { leaseMs: 60 });
    second.adopt(definition);
    second.behaviours.set('big', () => ({ text: `${BIG}+` }));
    expect(await second.ended(runId)).toMatchObject({ status: 'success', outputs: BIG.length + 1 });
    expect(artifacts.outputs.size).toBe(1);
  });

  it('reaches the parent of a child run', async () => {
    const t = start();
    t.define([node('a', 'big')], { name: 'test/child-of-size', outputs: '{{ nodes.a.output }}' });
    const parent = t.define([{ id: 'c', type: 't.child', config: { workflow: 'test/child-of-size' } }], {
      outputs: '{{ nodes.c.output.text.size() }}',
    });
    expect(await t.run(parent)).toMatchObject({ status: 'success', outputs: BIG.length });
  });

  it("that a resumed run keeps is the new run's own", async () => {
    const t = start();
    const definition = t.define([node('a', 'big'), measure('b', 'a')], { outputs: '{{ nodes.b.output.length }}' });
    const old = await t.run(definition);
    const entries = await t.engine.outputs.putBack('default', await t.engine.journal(old.id));
    const kept = entries.filter(({ step, type }) => step === 'a' && type === 'step.completed');
    const runId = await t.submit(definition, { kept, resumedFrom: old.id });
    const [theirs] = [...t.artifacts.outputs.keys()];
    // Retention deletes the old run.
    t.artifacts.outputs.delete(theirs ?? '');
    const resumed = await t.ended(runId);
    expect(resumed).toMatchObject({ status: 'success', outputs: BIG.length });
    expect(t.calls).toEqual(['a', 'b', 'b']);
    expect(findBrokenLink(await t.engine.journal(runId))).toBeNull();
  });

  it('waits while the storage is away', async () => {
    const t = start();
    let tries = 0;
    t.artifacts.beforeOutput = () => {
      tries += 1;
      if (tries < 3) throw new StoreUnavailableError('away');
    };
    expect((await t.run(t.define([node('a', 'big')], { outputs: true }))).status).toBe('success');
    expect(tries).toBe(3);
  });

  it('fails its run when it is refused for good', async () => {
    const t = start();
    t.artifacts.beforeOutput = () => {
      throw new Error('access denied');
    };
    const ended = await t.run(t.define([node('a', 'big')]));
    expect(ended.status).toBe('failed');
    expect(ended.events.at(-1)?.data['error']).toMatchObject({ code: 'result_not_storable' });
  });

  it('that is lost fails the run that needs it', async () => {
    const store = new MemoryRunStore();
    const artifacts = new MemoryArtifacts();
    const t = start(store, artifacts, { parkAfterMs: 0 });
    const definition = t.define([node('a', 'big'), { id: 's', type: 't.signal', needs: ['a'], config: { name: 'go' } }]);
    const runId = await t.submit(definition);
    await t.until(runId, (_, journal) => journal.at(-1)?.type === 'run.waiting');
    artifacts.outputs.clear();
    await t.engine.signal({ tenant: 'default', runId, name: 'go', payload: null });
    const journal = await t.until(runId, (history) => history.terminal);
    expect(JSON.parse(journal.at(-1)?.data ?? '')).toMatchObject({ error: { code: 'output_missing' } });
  });

  it('is refused by who lost the lease', async () => {
    const t = start();
    t.artifacts.beforeOutput = () => {
      throw new StepError('lease_lost', 'stale');
    };
    const runId = await t.submit(t.define([node('a', 'big')]));
    await t.until(runId, () => t.engine.held === 0);
    expect((await t.engine.journal(runId)).some(({ type }) => type === 'run.failed')).toBe(false);
  });
});
