import { describe, expect, it } from 'vitest';
import { compileCondition, compileTemplate, type Scope, type StateView } from '../../expressions/index.js';
import { holds } from '../condition.js';
import type { JsonObject } from '../../model/json.js';
import { durationMs, timeoutMs } from './duration.js';
import { translateAwf } from './translate.js';
import { AwfTexts } from './texts.js';

const view = (fields: Partial<StateView>): StateView => ({
  status: 'success',
  output: '',
  stderr: '',
  exit_code: 0,
  response: null,
  json: null,
  error: null,
  ...fields,
});
const scope: Scope = {
  inputs: { name: "O'Neil", count: '7', n: 3, flag: 'true', on: true, list: ['a', 'b'], csv: 'x, y', empty: '' },
  nodes: {},
  run: { id: 'r', tenant: 't', workflow: 'w', version: 1, attempt: 1, created_at: '2026-01-01T00:00:00Z', trigger: 'api' },
  env: { HOME: '/root' },
  secrets: {},
  states: {
    build: view({ output: 'ready\n', json: { tag: 'v1' } }),
    test: view({ status: 'failed', output: '', stderr: 'oops', exit_code: 2 }),
    fetch: view({ output: { status: 200, body: 'hi' }, response: { status: 200, body: 'hi' } }),
    each: view({ output: { iterations: 3 } }),
    num: view({ output: '42\n' }),
  },
  workflow: { id: 'r', name: 'w', version: 1, current_state: 'build', started_at: '2026-01-01T00:00:00Z' },
  loop: { item: { id: 9 }, index: 1, index1: 2, first: false, last: true, length: 2, parent: null },
  error: { message: 'bad', state: 'test', exit_code: 2, type: 'command_failed' },
};
const STEPS: JsonObject = {
  build: { type: 'step', command: 'x' },
  test: { type: 'step', command: 'x' },
  num: { type: 'step', command: 'x' },
  fetch: { type: 'operation', operation: 'http.request' },
  each: { type: 'for_each' },
  later: { type: 'step', command: 'x' },
};
const FILES: Record<string, string> = { 'p.txt': 'a {{ b }}', '/awf/scripts/run.sh': 'echo {{inputs.name}}' };
const texts = () =>
  new AwfTexts(
    STEPS,
    { readFile: (path) => FILES[path] ?? null, directories: { scripts_dir: '/awf/scripts' }, context: { working_dir: '/work' } },
    [],
  );

function render(text: string): unknown {
  const own = texts();
  const native = own.template(text, '/x');
  if (own.errors.length > 0) return own.errors.map(({ code, message }) => `${code}: ${message}`).join();
  return compileTemplate(native, 'states').evaluate(scope);
}

function judge(text: string): unknown {
  const own = texts();
  const native = own.condition(text, '/x');
  if (own.errors.length > 0) return own.errors.map(({ code }) => code).join();
  return holds(compileCondition(native, 'states'), scope);
}

describe('templates of AWF', () => {
  it.each([
    ['plain', 'plain'],
    ['{{inputs.name}}', "O'Neil"],
    ['{{.inputs.n}}', '3'],
    ['{{ .inputs.n }} and {{inputs.on}}', '3 and true'],
    ['echo {{escape .inputs.name}}', "echo 'O'\\''Neil'"],
    ['{{ .inputs.name | escape }}', "'O'\\''Neil'"],
    ['{{states.build.Output}}', 'ready\n'],
    ['{{.states.build.output | trimSpace}}!', 'ready!'],
    ['{{.states.test.ExitCode}}/{{states.test.exit_code}}/{{.states.test.Stderr}}', '2/2/oops'],
    ['{{.states.build.Status}} {{.states.test.status}}', 'completed failed'],
    ['{{.states.build.JSON.tag}}', 'v1'],
    ['{{.states.fetch.Response.status_code}}', '200'],
    ['{{.states.fetch.Output}}', '{"status":200,"body":"hi"}'],
    ['{{.states.each.Output}}', 'completed 3 iterations'],
    ['{{json .loop.Item}} {{.loop.Item.id}} {{.loop.Index1}}/{{loop.length}} {{.loop.Last}}', '{"id":9} 9 2/2 true'],
    ['{{.workflow.ID}} {{workflow.name}} {{.workflow.CurrentState}}', 'r w build'],
    ['{{.env.HOME}} {{.context.working_dir}} {{.awf.scripts_dir}}', '/root /work /awf/scripts'],
    ['{{.error.Message}} ({{.error.Type}}, {{.error.ExitCode}}) in {{error.state}}', 'bad (command_failed, 2) in test'],
    ['{{join .inputs.list "-"}} {{ index .inputs.list 1 }} {{ len .inputs.list }}', 'a-b b 2'],
    ['{{ join (split .inputs.csv ", ") "+" }}', 'x+y'],
    ['{{ .inputs.name | printf "<%s>" }}', "<O'Neil>"],
    ['{{if .inputs.on}}yes{{else}}no{{end}}', 'yes'],
    ['{{if .inputs.empty}}yes{{end}}.', '.'],
    ['{{if eq .inputs.n 4}}four{{else if gt .inputs.n 2}}more{{else}}less{{end}}', 'more'],
    ['{{if and .inputs.on (not .inputs.empty)}}both{{end}}', 'both'],
    ['{{range .inputs.list}}[{{.}}]{{end}}', '[a][b]'],
    ['{{range $v := .inputs.list}}{{$v}};{{else}}none{{end}}', 'a;b;'],
    ['{{range split "" ","}}x{{else}}none{{end}}', 'x'],
    ['{{with .inputs.name}}hi {{.}}{{end}}', "hi O'Neil"],
    ['{{$x := .inputs.n}}{{$x}}{{$x}}', '33'],
    ['a {{- " b " -}} c{{/* no */}}', 'a b c'],
    ['{{"{{"}} {{`}}`}}', '{{ }}'],
    ['{{readFile "p.txt"}}', 'a {{ b }}'],
    ['C:\\{{inputs.n}}', 'C:\\3'],
    ['{{nothing.here}}', 'unknown_name: nothing is called nothing.here'],
    ['{{.states.build.Nope}}', 'unknown_name: nothing is called states.build.Nope'],
    ['{{.workflow.Duration}}', expect.stringContaining('unsupported')],
    ['{{readFile .inputs.name}}', expect.stringContaining('unsupported')],
    ['{{readFile "q.txt"}}', 'file_not_found: cannot read the file q.txt'],
    ['{{range $i, $v := .inputs.list}}{{end}}', expect.stringContaining('unsupported')],
    ['{{if .inputs.on}}open', expect.stringContaining('syntax')],
    ['{{.inputs.name', expect.stringContaining('syntax')],
    ['{{shout .inputs.name}}', expect.stringContaining('unsupported')],
  ])('%s', (text, expected) => {
    expect(render(text)).toEqual(expected);
  });

  it('fails on a key that is not there', () => {
    expect(() => render('{{inputs.missing}}')).toThrow(/No such key: missing/);
    expect(() => render('{{states.later.Output}}')).toThrow(/No such key: later/);
  });
});

describe('conditions of AWF', () => {
  it.each([
    ['states.build.ExitCode == 0', true],
    ['states.test.ExitCode != 0 and states.test.Status == "failed"', true],
    ["states.build.Status == 'completed' && !(inputs.n > 5)", true],
    ['states.build.Status == "success"', false],
    ['inputs.count > 5', true],
    ['inputs.count == "7"', true],
    ['inputs.count == 7', true],
    ['inputs.flag', true],
    ['inputs.flag == true', true],
    ['not inputs.flag or inputs.on', true],
    ['states.num.Output > 40', true],
    ['states.build.Output contains "ready"', true],
    ['states.build.output startsWith "re" and states.build.output endsWith "\\n"', true],
    ['states.build.Output matches "^r.+y"', true],
    ['contains(states.build.Output, "read")', true],
    ['has_prefix(inputs.name, "O") && has_suffix(inputs.name, "l")', true],
    ['"a" in inputs.list', true],
    ['"c" not in inputs.list', true],
    ['len(inputs.list) == 2', true],
    ['inputs.n + 1 == 4 && inputs.n * 2 - 1 >= 5', true],
    ['loop.Index == 1 && loop.Last', true],
    ['env.HOME == "/root"', true],
    ['{{.states.build.ExitCode}} == 0', true],
    ['(inputs.n > 1 ? "a" : "b") == "a"', true],
    ['lower(inputs.name) == "o\'neil"', true],
    ['nowhere == nil', true],
    ['nowhere == "x"', false],
    ['states.later.ExitCode == 0', false],
    ['states.later.ExitCode == 0 or true', false],
    ['inputs.missing == "x"', false],
    ['error.ExitCode == 2', true],
    ['workflow.CurrentState == "build"', true],
    ['', 'empty_expression'],
    ['inputs.n ==', 'syntax'],
    ['inputs.n == 1 )', 'syntax'],
    ['inputs.n # 1', 'syntax'],
    ['workflow.Duration > 5', 'unsupported'],
    ['shout(inputs.n)', 'unsupported'],
  ])('%s', (text, expected) => {
    expect(judge(text)).toEqual(expected);
  });
});

describe('durations of AWF', () => {
  it.each([
    [5, 5_000],
    ['5', 5_000],
    ['1m30s', 90_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
  ])('%s', (value, expected) => {
    expect(durationMs(value)).toBe(expected);
  });

  it('cuts limits to whole seconds and refuses what is none', () => {
    expect(timeoutMs('1500ms')).toBe(1_000);
    expect(() => durationMs('soon')).toThrow(/no duration/);
  });
});

describe('workflows of AWF', () => {
  const workflow = (states: JsonObject, more: JsonObject = {}): JsonObject => ({
    name: 'x',
    states: { initial: 'a', ...states, done: { type: 'terminal' } },
    ...more,
  });
  const translated = (source: JsonObject, surroundings = {}) => {
    const result = translateAwf(source, 'awf/x', surroundings);
    if ('errors' in result) throw new Error(JSON.stringify(result.errors));
    return result;
  };

  it('says where a fault is', () => {
    const source = workflow(
      {
        a: {
          type: 'step',
          command: '{{inputs.',
          transitions: [
            { when: '', goto: 'done' },
            { when: '1 +', goto: 'done' },
          ],
          timeout: 'soon',
        },
        b: { type: 'plugin.thing' },
        c: { type: 'step', script_file: 'x.sh', command: 'y' },
      },
      { inputs: { map: {} }, hooks: { workflow_start: ['x'] } },
    );
    const result = translateAwf(source, 'awf/x');
    const faults = 'errors' in result ? result.errors.map(({ path, code }) => `${path} ${code}`) : [];
    expect(faults.sort()).toEqual(
      [
        '/hooks/workflow_start/0 type',
        '/inputs type',
        '/states/a/command syntax',
        '/states/a/timeout bad_duration',
        '/states/a/transitions/1/when syntax',
        '/states/b/type unknown_type',
        '/states/c exclusive',
        '/states/c/script_file file_not_found',
      ].sort(),
    );
  });

  it('keeps what a step says', () => {
    const { definition, warnings } = translated(
      workflow(
        {
          a: {
            type: 'step',
            command: 'run {{.inputs.x}}',
            dir: '/tmp',
            timeout: '1m30s',
            retry: { max_attempts: 3, initial_delay: 1, max_delay: '10s', backoff: 'linear', jitter: 0.2, retryable_exit_codes: [1] },
            hooks: { pre: [{ log: 'go {{inputs.x}}' }] },
            post_hook: [{ command: 'true' }],
            depends_on: ['done'],
            on_success: 'done',
            on_failure: { message: 'no {{error.Message}}', status: 4 },
          },
        },
        {
          inputs: [
            { name: 'x', required: true },
            { name: 'n', type: 'integer', default: 2 },
          ],
          tags: ['t'],
          hooks: { workflow_cancel: [{ log: 'x' }], workflow_pause: [{ log: 'y' }] },
        },
      ),
    );
    expect(definition.states['a']).toEqual({
      type: 'command',
      command: 'run {{ inputs.x }}',
      workdir: '/tmp',
      env: { x: '{{ string(inputs.?x.orValue("")) }}' },
      timeout_ms: 90_000,
      retry: { max_attempts: 3, initial_delay_ms: 1_000, max_delay_ms: 10_000, backoff: 'linear', jitter: true, retryable_exit_codes: [1] },
      hooks: { pre: [{ log: 'go {{ inputs.x }}' }], post: [{ command: 'true' }] },
      on_success: 'done',
      on_failure: { message: 'no {{ error.message }}', status: 4 },
    });
    expect(definition.inputs).toEqual([
      { name: 'x', type: 'string', required: true },
      { name: 'n', type: 'integer', default: 2 },
    ]);
    expect(warnings.map(({ path }) => path)).toEqual(['/states/a/depends_on', '/hooks/workflow_pause']);
  });

  it('brings in files and step templates', () => {
    const template = {
      parameters: [
        { name: 'what', required: true },
        { name: 'how', default: 'fast' },
      ],
      states: {
        build: { type: 'step', command: 'make {{parameters.what}} {{.parameters.how}}', on_success: 'clean' },
        clean: { type: 'step', command: 'rm', on_success: 'done' },
      },
    };
    const { definition } = translated(
      workflow({
        a: { use_template: 'build', parameters: { what: '{{inputs.x}}' } },
        s: { type: 'step', script_file: '{{.awf.scripts_dir}}/run.sh', on_success: 'done' },
      }),
      {
        template: (name: string) => (name === 'build' ? template : null),
        readFile: (path: string) => FILES[path] ?? null,
        directories: { scripts_dir: '/awf/scripts' },
      },
    );
    expect(definition.states['a']).toMatchObject({ type: 'command', command: 'make {{ inputs.x }} fast', on_success: 'clean' });
    expect(definition.states['clean']).toMatchObject({ command: 'rm' });
    expect(definition.states['s']).toMatchObject({ script: 'echo {{ inputs.name }}' });
  });

  it('drops ways out of a body that lead nowhere', () => {
    const { definition, warnings } = translated(
      workflow({
        a: { type: 'for_each', items: 'a,b', body: ['b'], on_complete: 'done' },
        b: { type: 'step', command: 'x', on_success: 'nowhere' },
      }),
    );
    expect(definition.states['b']).not.toHaveProperty('on_success');
    expect(definition.states['a']).toMatchObject({ items: '{{ to_list("a,b") }}', max_iterations: 100 });
    expect(warnings).toHaveLength(1);
  });
});
