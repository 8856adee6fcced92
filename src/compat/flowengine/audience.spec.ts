import { expect, it } from 'vitest';
import { type EndTold, FlowEngineAudience } from './audience.js';

const NEVER_MS = 2 ** 31 - 1;

async function isOver(end: EndTold): Promise<boolean> {
  let over = false;
  void end.within(NEVER_MS).then(() => (over = true));
  await new Promise((resolve) => setImmediate(resolve));
  return over;
}

it('waits for everybody of the tenant who listens to the execution', async () => {
  const audience = new FlowEngineAudience();
  const [one, two] = [
    { tenant: 't', execution: null },
    { tenant: 't', execution: 'x' },
  ];
  for (const listener of [one, two, { tenant: 't', execution: 'y' }, { tenant: 'u', execution: null }]) audience.join(listener);
  const end = audience.expectEnd('t', 'x');
  audience.told(one, 'x');
  audience.told(two, 'y');
  expect(await isOver(end)).toBe(false);
  audience.told(two, 'x');
  expect(await isOver(end)).toBe(true);
  end.forget();
});

it('does not wait for who leaves, comes later or takes too long, nor when nobody listens', async () => {
  const audience = new FlowEngineAudience();
  expect(await isOver(audience.expectEnd('t', 'x'))).toBe(true);
  const leave = audience.join({ tenant: 't', execution: null });
  const end = audience.expectEnd('t', 'y');
  audience.join({ tenant: 't', execution: null });
  expect(await isOver(end)).toBe(false);
  leave();
  expect(await isOver(end)).toBe(true);
  const slow = audience.expectEnd('t', 'z');
  expect(await isOver(slow)).toBe(false);
  await slow.within(1);
});
