import { describe, expect, it } from 'vitest';
import { compileCondition } from '../../../../engine/expressions/index.js';
import { ConditionError, translateCondition } from './python-condition.js';

const NAMES = { content: 'nodes.a.output.response', structured: 'nodes.a.output.?data' };

function holds(condition: string, data: object | null): unknown {
  const compiled = compileCondition(`{{ ${translateCondition(condition, NAMES)} }}`, 'run');
  const output = { response: 'Looks GOOD to me', ...(data === null ? {} : { data }) };
  return compiled.evaluate({
    inputs: { task: 'Write', context: { urgent: true, tries: 3, tags: ['x'] } },
    nodes: { a: { status: 'success', output, error: null } },
  } as never);
}

describe('a condition of an edge', () => {
  const data = { score: 0.9, label: 'ok', parts: ['a', 'b'], inner: { deep: 1 }, empty: '', confidence: 0.4 };

  it.each([
    ['"GOOD" in output', true],
    ["'bad' in content", false],
    ["'bad' not in content", true],
    ['output.lower().startswith("looks")', true],
    ['len(output) > 10 and not False', true],
    ['structured["score"] >= 0.9', true],
    ['structured.score < 0.5 or structured.get("label") == "ok"', true],
    ['structured.get("nothing", 5) == 5', true],
    ['structured["inner"]["deep"] + 1 == 2', true],
    ['"a" in structured["parts"]', true],
    ['"score" in structured', true],
    ['structured["label"] in ["ok", "fine"]', true],
    ['structured["empty"]', false],
    ['not structured["empty"]', true],
    ['structured["nothing"] > 1', false],
    ['structured["nothing"] is None', true],
    ['structured["label"] is not None', true],
    ['confidence < 0.5', true],
    ['urgent', true],
    ['tries * 2 == 6 and (urgent or nothing)', true],
    ['context["tries"] == 3', true],
    ['context.get("nothing") is None', true],
    ['"x" in tags', true],
    ['nothing == "x"', false],
    ['-1 < float("2.5")', true],
    ['task == "Write"', true],
  ])('%s is %s', (condition, expected) => {
    expect(holds(condition, data)).toBe(expected);
  });

  it('finds nothing in an answer without fields', () => {
    expect(holds('structured["score"] > 1', null)).toBe(false);
    expect(holds('confidence > 0.99', null)).toBe(true);
  });

  it.each(['open("x")', 'output.format()', 'a if b else c', 'lambda: 1', 'output ==', '', 'a; b', '__import__("os").system("ls")'])(
    '%j is refused',
    (condition) => {
      expect(() => translateCondition(condition, NAMES)).toThrow(ConditionError);
    },
  );
});
