import { expect, it } from 'vitest';
import { readAnswer } from './answer-format.js';

it.each([
  [null, '```\nx\n```', { response: '```\nx\n```' }],
  ['text', 'plain', { response: 'plain' }],
  ['text', 'Here:\n```python\nprint(1)\n\nprint(2)\n```\nDone.', { response: 'print(1)\n\nprint(2)' }],
  ['text', '```\n```', { response: '' }],
  ['auto', '{"a": 1}', { response: '{"a": 1}', data: { a: 1 } }],
  ['auto', ' [1] ', { response: ' [1] ', data: [1] }],
  ['auto', 'it is {"a": 1}', { response: 'it is {"a": 1}' }],
  ['json', '{"a": 1}', { response: '{"a": 1}', data: { a: 1 } }],
  ['json', 'So:\n```json\n{"a": [1]}\n```', { response: '{"a": [1]}', data: { a: [1] } }],
  ['json', 'It is {"a": 1}, I think.', { response: '{"a":1}', data: { a: 1 } }],
] as const)('as %s, %j', (format, text, expected) => {
  expect(readAnswer(text, format)).toEqual(expected);
});

it('fails where JSON is asked for and there is none', () => {
  expect(() => readAnswer('I would rather not.', 'json')).toThrow('the answer is no JSON: I would rather not.');
});
