import { describe, expect, it } from 'vitest';
import { LineBudget } from './line-budget.js';
import { LiveLines } from './live-lines.js';

function lines(now: () => number = () => 0): { lines: LiveLines; written: string[] } {
  const written: string[] = [];
  return { lines: new LiveLines(new LineBudget(now), (line) => written.push(line)), written };
}

describe('LiveLines', () => {
  it('cuts a stream at its line ends', () => {
    const { lines: live, written } = lines();
    for (const piece of ['a', 'b\nc\r\n\n', 'd']) live.push(piece);
    expect(written).toEqual(['ab', 'c', '']);
    live.end();
    expect(written).toEqual(['ab', 'c', '', 'd']);
  });

  it('cuts a line that is too long', () => {
    const { lines: live, written } = lines();
    for (let piece = 0; piece < 100; piece += 1) live.push('x'.repeat(1_000));
    live.push('\nshort\n');
    expect(written).toEqual([`${'x'.repeat(8_192)} …truncated`, 'short']);
  });

  it('tells what a flood leaves out, before the next line and at the end', () => {
    let now = 0;
    const { lines: live, written } = lines(() => now);
    live.push('line\n'.repeat(5_000));
    expect(written).toHaveLength(2_000);
    now = 400;
    live.push('too soon\n');
    now = 1_000;
    live.push('later\n');
    expect(written.slice(2_000)).toEqual(['… 3001 lines truncated …', 'later']);
    live.push('line\n'.repeat(100));
    live.end();
    expect(written.at(-1)).toBe('… 1 line truncated …');
  });

  it('writes no more than a limit over all, however slowly it comes', () => {
    let now = 0;
    const { lines: live, written } = lines(() => now);
    for (let turn = 0; turn < 3_000; turn += 1) {
      now += 60_000;
      live.push(`${'x'.repeat(8_000)}\n`);
    }
    live.end();
    expect(written).toHaveLength(Math.floor((16 * 1024 * 1024) / 8_000) + 1);
    expect(written.at(-1)).toBe('… 903 lines truncated …');

    const short = lines(() => now);
    for (let turn = 0; turn < 60; turn += 1) {
      now += 60_000;
      short.lines.push('x\n'.repeat(1_000));
    }
    expect(short.written).toHaveLength(50_000);
  });
});
