import { describe, expect, it } from 'vitest';
import { validateDefinition } from '../../../../engine/graph/index.js';
import type { GraphDefinition, NodeDefinition } from '../../../../engine/model/definition.js';
import type { Json, JsonObject } from '../../../../engine/model/json.js';
import type { NodeType, NodeTypes } from '../../../../engine/ports/node-type.js';
import { type JobSurroundings, translateJob } from './translate-job.js';

const open: JsonObject = { type: 'object' };
const shell: NodeType = {
  type: 'shell.exec',
  category: 'shell',
  description: '',
  pure: false,
  configSchema: open,
  inputSchema: open,
  outputSchema: open,
  execute: () => Promise.resolve(null),
};
const nodeTypes: NodeTypes = {
  get: (type) => (type === 'shell.exec' ? shell : undefined),
  list: () => [shell],
  validateResolved: () => [],
};

const translate = (config: Json, more: Partial<JobSurroundings> = {}) =>
  translateJob(config, { name: 'ops/daily', directory: '/srv/jobs/ops/daily', ...more });

function definitionOf(config: JsonObject, more: Partial<JobSurroundings> = {}): GraphDefinition {
  const translated = translate(config, more);
  if ('errors' in translated) throw new Error(JSON.stringify(translated.errors));
  expect(validateDefinition(translated.definition as unknown as Json, nodeTypes).errors).toEqual([]);
  return translated.definition;
}

function only(config: JsonObject): NodeDefinition {
  const [node] = definitionOf({ command: './run.sh', ...config }).nodes;
  return node as NodeDefinition;
}

function faults(config: Json): string[] {
  const translated = translate(config);
  return 'errors' in translated ? translated.errors.map(({ path, code }) => `${path} ${code}`) : ['none'];
}

function warnings(config: JsonObject): string[] {
  const translated = translate({ command: 'x', ...config });
  return 'errors' in translated ? ['faulty'] : translated.warnings.map(({ path, code }) => `${path} ${code}`);
}

const schema = (properties: JsonObject, required: string[] = []): JsonObject => ({ argspec: { type: 'object', properties, required } });

describe('a job of one command', () => {
  it('is a graph of one process in its directory', () => {
    const definition = definitionOf({ name: 'daily', description: 'Backs up', version: '1.4.0', command: './run.sh', tags: ['x'] });
    expect(definition).toMatchObject({
      name: 'ops/daily',
      description: 'Backs up',
      tags: ['x'],
      inputs: { type: 'object', additionalProperties: false },
      nodes: [
        { id: 'run', type: 'shell.exec', config: { workdir: '/srv/jobs/ops/daily', env: { FLWD_ARGS_JSON: '{{ to_json(inputs) }}' } } },
      ],
    });
    expect(definition.nodes[0]?.config?.['script']).toMatch(/^#!\/usr\/bin\/env bash\n[^]*\n\.\/run\.sh\n$/);
  });

  it.each<[string, JsonObject, JsonObject]>([
    [
      'a list of words',
      { command: ['./run.sh', "it's", 'a b'] },
      { script: expect.stringContaining(`'./run.sh' 'it'\\''s' 'a b'\n`) as Json },
    ],
    [
      'PowerShell',
      { command: './run.ps1', ulc_profile: 'ulc.shell.pwsh' },
      { script: expect.stringMatching(/^#!\/usr\/bin\/env pwsh\n/) as Json },
    ],
    [
      'an interpreter by its path',
      { interpreter: '/usr/bin/env bash' },
      { script: expect.stringMatching(/^#!\/usr\/bin\/env bash\n/) as Json },
    ],
    [
      'a command line beside Python',
      { ulc_profile: 'ulc.python.3' },
      { script: expect.stringMatching(/^#!\/usr\/bin\/env bash\n/) as Json },
    ],
    [
      'braces that are none of ours',
      { command: "docker ps --format '{{.Names}}'" },
      { script: expect.stringContaining(String.raw`'\{{.Names}}'`) as Json },
    ],
    [
      'variables',
      { env: { A: 'x {{ y }}', B: 1, C: true } },
      { env: expect.objectContaining({ A: String.raw`x \{{ y }}`, B: '1', C: 'true' }) as Json },
    ],
    ['a timeout of the run', { timeouts: { run: '1h30m' } }, { timeout_ms: 5_400_000 }],
    ['a timeout of a step', { timeouts: { run: '1h', step: '90s' } }, { timeout_ms: 90_000 }],
    ['no limit', { timeouts: { run: 0, step: '0s' } }, { env: {} }],
    ['the older timeout', { timeout: 20 }, { timeout_ms: 20_000 }],
    [
      'a place for artifacts',
      { artifacts: { default_key_pattern: 'backups/{run_id}/x' } },
      { script: expect.stringContaining(`"$HEDDLE_ARTIFACTS"/'backups/'"$HEDDLE_RUN_ID"'/x'`) as Json },
    ],
  ])('%s', (_, config, expected) => {
    expect(only(config).config).toMatchObject(expected);
  });

  it.each<[string, JsonObject, unknown]>([
    ['retries', { retries: 2, retry_backoff: 0.5 }, { retry: { max_attempts: 3, backoff: 'constant', initial_delay_ms: 500 } }],
    [
      'the older retries',
      { error_handling: { policy: 'retry', retries: 1, retry_backoff: 3 } },
      { retry: { max_attempts: 2, initial_delay_ms: 3_000 } },
    ],
    ['retries at once', { retries: 1, retry_backoff: 0 }, { retry: { max_attempts: 2, initial_delay_ms: 0 } }],
    ['a policy to go on', { error_handling: { policy: 'continue' } }, { on_error: 'continue' }],
  ])('%s', (_, config, expected) => {
    expect(only(config)).toMatchObject(expected as object);
  });

  it('limits the run', () => {
    expect(definitionOf({ command: 'x', timeouts: { run: '2d' } }).settings).toEqual({ timeout_ms: 172_800_000 });
  });
});

describe('arguments', () => {
  it('are the inputs, as a JSON Schema says', () => {
    const argspec: JsonObject = {
      type: 'object',
      properties: {
        target: { type: 'string', description: 'Where', format: 'directory' },
        level: { type: 'integer', default: 3, minimum: 1 },
      },
      required: ['target'],
      additionalProperties: false,
    };
    expect(definitionOf({ command: 'x', argspec }).inputs).toEqual({
      ...argspec,
      properties: { target: { type: 'string', description: 'Where' }, level: { type: 'integer', default: 3, minimum: 1 } },
    });
  });

  it('are the inputs, as the older list says', () => {
    const args: JsonObject[] = [
      { name: 'target', type: 'string', format: 'path', required: true, description: 'Where' },
      { name: 'tags', type: 'array', items_type: 'string', items_enum: ['a', 'b'] },
      { name: 'limits', type: 'object', value_type: 'integer', default: { a: 1 } },
    ];
    expect(definitionOf({ command: 'x', argspec: { args } }).inputs).toEqual({
      type: 'object',
      properties: {
        target: { type: 'string', description: 'Where' },
        tags: { type: 'array', items: { type: 'string', enum: ['a', 'b'] } },
        limits: { type: 'object', default: { a: 1 }, additionalProperties: { type: 'integer' } },
      },
      required: ['target'],
      additionalProperties: false,
    });
    expect(
      definitionOf({ command: 'x', arguments: { fast: { type: 'bool', choices: [true] }, n: { type: 'int', required: true } } }).inputs,
    ).toEqual({
      type: 'object',
      properties: { fast: { type: 'boolean', enum: [true] }, n: { type: 'integer' } },
      required: ['n'],
      additionalProperties: false,
    });
  });

  it('are in the environment, under two names', () => {
    const { config } = only(
      schema(
        { target: { type: 'string' }, 'dry-run': { type: 'boolean', default: false }, path: { type: 'string' }, PATH: { type: 'string' } },
        ['target'],
      ),
    );
    expect(config?.['env']).toMatchObject({
      ARG_TARGET: '{{ string(inputs["target"]) }}',
      target: '{{ string(inputs["target"]) }}',
      ARG_DRY_RUN: '{{ string(inputs["dry-run"]) }}',
      path: '{{ "path" in inputs ? string(inputs["path"]) : null }}',
    });
    expect(Object.keys(config?.['env'] as object)).not.toContain('PATH');
    expect(Object.keys(config?.['env'] as object)).not.toContain('dry-run');
  });

  it('become arrays of bash', () => {
    const { config } = only(schema({ items: { type: 'array' }, opts: { type: 'object' } }));
    expect(config?.['script']).toContain('unset items; eval "declare -a items=(${FLWD_WORDS_ITEMS-})"; unset FLWD_WORDS_ITEMS\n');
    expect(config?.['script']).toContain('unset opts; eval "declare -A opts=(${FLWD_WORDS_OPTS-})"; unset FLWD_WORDS_OPTS\n');
  });

  it('that are secret are read from the server and refused from callers', () => {
    const definition = definitionOf({
      command: 'x',
      secrets: ['DB_URL'],
      ...schema({ token: { type: 'string', format: 'secret', description: 'Of the API' }, pin: { type: 'string', format: 'secret' } }, [
        'token',
      ]),
    });
    expect(definition.inputs).toMatchObject({
      required: [],
      properties: {
        token: {
          not: {},
          readOnly: true,
          description: 'Of the API. A secret that the server knows (HEDDLE_SECRET_TOKEN), not the caller.',
        },
      },
    });
    expect(definition.nodes[0]?.config?.['env']).toEqual({
      FLWD_ARGS_JSON: '{{ to_json(inputs) }}',
      token: '{{ secrets.TOKEN }}',
      pin: '{{ has(secrets.PIN) ? secrets.PIN : null }}',
      DB_URL: '{{ secrets.DB_URL }}',
    });
  });

  it('of secrets may have other names', () => {
    expect(only({ secrets: { PGPASSWORD: 'db_password' } }).config?.['env']).toMatchObject({ PGPASSWORD: '{{ secrets.DB_PASSWORD }}' });
  });
});

describe('steps', () => {
  const steps = (...list: JsonObject[]) => definitionOf({ steps: list.map((step) => ({ script: 'x', ...step })) });

  it('are a graph by their needs', () => {
    const { nodes, outputs } = steps({ id: 'a' }, { id: 'b', name: 'B' }, { id: 'c', needs: ['a', 'b'], timeout: '5s', retries: 1 });
    expect(nodes).toMatchObject([
      { id: 'a', name: 'a' },
      { id: 'b', name: 'B' },
      { id: 'c', needs: ['a', 'b'], config: { timeout_ms: 5_000 }, retry: { max_attempts: 2 } },
    ]);
    expect(nodes.map(({ needs }) => needs)).toEqual([undefined, undefined, ['a', 'b']]);
    expect(outputs).toMatchObject({ value: expect.stringContaining('nodes["c"]') as string, steps: { a: {}, b: {}, c: {} } });
  });

  it('that say nothing of needs run in their order', () => {
    expect(steps({ id: 'a' }, { id: 'b' }, { id: 'c' }).nodes.map(({ needs }) => needs)).toEqual([undefined, ['a'], ['b']]);
    expect(steps({ id: 'a' }, { id: 'b', needs: [] }).nodes.map(({ needs }) => needs)).toEqual([undefined, undefined]);
  });

  it('may be called as nodes cannot', () => {
    const { nodes } = steps({ id: '01 build' }, { id: '_01_build' }, { id: 'a.b', needs: ['01 build'] });
    expect(nodes.map(({ id, name, needs }) => [id, name, needs])).toEqual([
      ['_01_build_2', '01 build', undefined],
      ['_01_build', '_01_build', undefined],
      ['a_b', 'a.b', ['_01_build_2']],
    ]);
  });

  it('go on after a failure when they are told to', () => {
    const { nodes } = definitionOf({
      error_handling: { policy: 'continue' },
      steps: [
        { id: 'a', script: 'x' },
        { id: 'b', script: 'y' },
      ],
    });
    expect(nodes).toMatchObject([{ on_error: 'continue' }, { on_error: 'continue', join: 'all_done', needs: ['a'] }]);
  });

  it('may be the scripts in the directory, with what they share', () => {
    const { nodes } = definitionOf(
      { interpreter: '/usr/bin/env bash' },
      { phaseScripts: ['000_prepare.sh', '100_work.sh'], libraries: ['config.d/vars/a.sh'] },
    );
    expect(nodes.map(({ id, name, needs }) => [id, name, needs])).toEqual([
      ['_000_prepare_sh', '000_prepare.sh', undefined],
      ['_100_work_sh', '100_work.sh', ['_000_prepare_sh']],
    ]);
    expect(nodes[0]?.config?.['script']).toMatch(/\. '\.\/config\.d\/vars\/a\.sh'\n\. '\.\/000_prepare\.sh'\n$/);
  });
});

describe('a name', () => {
  it.each<[string, JsonObject, object]>([
    ['of its own', { job: { id: 'backup.daily', name: 'Daily', summary: 'Backs up' } }, { name: 'backup.daily', description: 'Backs up' }],
    ['in the list of one', { jobs: [{ id: 'one' }] }, { name: 'one' }],
    ['for people', { name: 'The daily backup' }, { name: 'ops/daily', description: 'The daily backup' }],
  ])('%s', (_, config, expected) => {
    expect(definitionOf({ command: 'x', ...config })).toMatchObject(expected);
  });
});

describe('faults', () => {
  it.each<[string, Json, string[]]>([
    ['no mapping', ['x'], [' type']],
    ['nothing to do', {}, ['/command required']],
    ['both', { command: 'x', steps: [{ id: 'a', script: 'x' }] }, ['/command exclusive']],
    ['composed of nothing', { composition: 'steps' }, ['/steps required']],
    ['an empty command', { command: ' ' }, ['/command type']],
    ['no list of steps', { steps: {} }, ['/steps type']],
    ['steps without id and script', { steps: [{}, 1] }, ['/steps/0/id required', '/steps/1 required']],
    ['a step without script', { steps: [{ id: 'a' }] }, ['/steps/0/script required']],
    [
      'a step twice',
      {
        steps: [
          { id: 'a', script: 'x' },
          { id: 'a', script: 'x' },
        ],
      },
      ['/steps/1/id duplicate_id'],
    ],
    ['unknown needs', { steps: [{ id: 'a', script: 'x', needs: ['b'] }] }, ['/steps/0/needs/0 dangling_reference']],
    ['needs that are none', { steps: [{ id: 'a', script: 'x', needs: 'b' }] }, ['/steps/0/needs type']],
    ['an executor of a step', { steps: [{ id: 'a', script: 'x', container: { image: 'y' } }] }, ['/steps/0/container unsupported']],
    ['containers', { command: 'x', executor: 'container', image: 'alpine' }, ['/executor unsupported']],
    ['an unknown executor', { command: 'x', executor: 'cloud' }, ['/executor enum']],
    ['an unknown interpreter', { command: 'x', ulc_profile: 'ulc.cobol' }, ['/ulc_profile unsupported']],
    ['bad durations', { command: 'x', timeouts: { run: 'soon', step: -1 } }, ['/timeouts/run bad_duration', '/timeouts/step bad_duration']],
    ['bad retries', { command: 'x', retries: 1.5 }, ['/retries type']],
    [
      'bad variables',
      { command: 'x', env: { 'a-b': 'x', HEDDLE_X: 'y', Z: {} } },
      ['/env/a-b pattern', '/env/HEDDLE_X pattern', '/env/Z type'],
    ],
    ['bad secrets', { command: 'x', secrets: ['a b'] }, ['/secrets/0 pattern']],
    [
      'a secret with a default',
      { command: 'x', ...schema({ a: { format: 'secret', default: 'x' } }) },
      ['/argspec/properties/a/default secret_default'],
    ],
    [
      'arguments without name or type',
      { command: 'x', argspec: { args: [{}, { name: 'a', type: 'money' }] } },
      ['/argspec/args/0 required', '/argspec/args/1/type enum'],
    ],
    ['arguments that are no object', { command: 'x', argspec: { type: 'array' } }, ['/argspec/type type']],
    ['artifacts elsewhere', { command: 'x', artifacts: { default_key_pattern: '../x' } }, ['/artifacts/default_key_pattern pattern']],
    ['two jobs', { command: 'x', jobs: [{ id: 'a' }, { id: 'b' }] }, ['/jobs unsupported']],
    ['an impossible id', { command: 'x', id: 'a b' }, ['/id bad_name']],
    ['an impossible id of the older kind', { command: 'x', job: { id: '/a' } }, ['/job/id bad_name']],
    ['several at once', { command: 1, env: 1, version: '1' }, ['/env type', '/command type']],
  ])('%s', (_, config, expected) => {
    expect(faults(config)).toEqual(expected);
  });

  it('of a place that is no name', () => {
    const translated = translate({ command: 'x' }, { name: 'my jobs/daily' });
    expect(translated).toMatchObject({
      errors: [{ path: '', code: 'bad_name', message: expect.stringContaining('my jobs/daily') as string }],
    });
  });

  it('that are found later are told where they are written', () => {
    const translated = translate({
      steps: [
        { id: 'a', script: 'x', needs: ['b'] },
        { id: 'b', script: 'x', needs: ['a'] },
      ],
      argspec: { type: 'object', properties: { n: { type: 'nonsense' } } },
    });
    if ('errors' in translated) throw new Error('faulty');
    const { errors } = validateDefinition(translated.definition as unknown as Json, nodeTypes);
    expect(errors.map(({ path, code }) => `${translated.pointer(path)} ${code}`)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^\/argspec\/properties\/n/),
        expect.stringMatching(/^\/steps\/0\/needs cycle/),
      ]) as unknown,
    );
    expect(translated.pointer('/settings/timeout_ms')).toBe('/timeouts/run');
  });
});

it.each<[string, JsonObject, string[]]>([
  ['what nothing reads', { commnd: 'x' }, ['/commnd unknown_key']],
  [
    'what is not kept',
    { exec_profile: 'privileged', env_inheritance: true, serviceBindings: ['db'], artifacts: { mode: 'mutable' } },
    ['/exec_profile not_kept', '/env_inheritance not_kept', '/serviceBindings not_kept', '/artifacts/mode not_kept'],
  ],
  ['nothing', { security_profile: 'secure', exec_profile: 'standard', executor: 'proc', composition: 'single', version: 2 }, []],
])('warns of %s', (_, config, expected) => {
  expect(warnings(config)).toEqual(expected);
});
