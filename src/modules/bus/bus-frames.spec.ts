import { expect, it } from 'vitest';
import { cutMessage, MessageAssembly } from './bus-frames.js';

const message = (text: string): Parameters<typeof cutMessage>[0] => ({ node: 'n', tenant: 't', text });
const assembled = (assembly: MessageAssembly, hints: readonly string[]): unknown[] =>
  hints.map((hint) => assembly.add(hint)).filter((whole) => whole !== null);

it.each([['short'], ['ü🚀'.repeat(10_000)], ['']])('a message is whole after its last piece', (text) => {
  const hints = cutMessage(message(text));
  expect(hints.every((hint) => Buffer.byteLength(JSON.stringify(hint)) < 7_900)).toBe(true);
  expect(assembled(new MessageAssembly(), hints)).toEqual([message(text)]);
});

it('pieces of several messages may come between each other', () => {
  const [a, b] = [cutMessage(message('a'.repeat(10_000))), cutMessage(message('b'.repeat(10_000)))];
  const mixed = a.flatMap((hint, index) => [hint, b[index] ?? '']);
  expect(assembled(new MessageAssembly(), mixed)).toEqual([message('a'.repeat(10_000)), message('b'.repeat(10_000))]);
});

it('a message that lost a piece never comes, and keeps no other back', () => {
  const assembly = new MessageAssembly();
  const [first = '', , third = ''] = cutMessage(message('x'.repeat(14_000)));
  expect(assembled(assembly, [first, third, 'nonsense', 'id:0:1:%%%'])).toEqual([]);
  expect(assembled(assembly, cutMessage(message('y')))).toEqual([message('y')]);
});
