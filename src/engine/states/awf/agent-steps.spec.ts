import { describe, expect, it } from 'vitest';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.js';
import { translateAwf } from './translate.js';

const FILES: Record<string, string> = {
  'prompts/review.md': 'Review {{.inputs.file}}.',
  '/awf/agents/senior/AGENTS.md': '---\nname: senior\n---\nYou are {{ senior }}.\n',
  '/awf/skills/go/SKILL.md': 'Use gofmt.',
  './own/audit/SKILL.md': '---\na: b\n---\n',
};
const surroundings = { readFile: (path: string) => FILES[path] ?? null, directories: { config_dir: '/awf' } };

function translate(states: JsonObject) {
  const source = { inputs: [{ name: 'file' }, { name: 'who' }], states: { initial: 'a', ...states, done: { type: 'terminal' } } };
  return translateAwf(source, 'awf/x', surroundings);
}

function configOf(step: JsonObject, others: JsonObject = {}): JsonObject {
  const result = translate({ a: { type: 'agent', provider: 'claude', prompt: 'Hi', on_success: 'done', ...step }, ...others });
  if ('errors' in result) throw new Error(JSON.stringify(result.errors));
  const state = result.definition.states['a'] as unknown as JsonObject;
  return { ...(state['config'] as JsonObject), node: state['node'] as Json, timeout_ms: state['timeout_ms'] ?? null };
}

function faultsOf(step: JsonObject, others: JsonObject = {}): string[] {
  const result = translate({ a: { type: 'agent', provider: 'claude', prompt: 'Hi', on_success: 'done', ...step }, ...others });
  return 'errors' in result
    ? result.errors.map(({ path, code }) => `${path} ${code}`)
    : result.warnings.map(({ path }) => `${path} warned`);
}

const modelOf = (step: JsonObject): Json => {
  const { agent } = configOf(step);
  return isJsonObject(agent) && isJsonObject(agent['model']) ? (agent['model']['primary'] ?? null) : null;
};
const compatible = (options: JsonObject): JsonObject => ({
  provider: 'openai_compatible',
  options: { base_url: 'http://localhost:11434/v1', model: 'llama3', ...options },
});

describe('the model of an agent step', () => {
  it.each<[string, JsonObject, Json]>([
    ['of claude', { options: { model: 'claude-sonnet-4-20250514' } }, { provider: 'anthropic', model: 'claude-sonnet-4-20250514' }],
    ['by its alias', { options: { model: 'haiku' } }, { provider: 'anthropic', model: 'claude-haiku-4-5' }],
    ['of gemini', { provider: 'gemini', options: { model: 'gemini-2.0-flash' } }, { provider: 'google', model: 'gemini-2.0-flash' }],
    ['of codex', { provider: 'codex', options: { model: 'gpt-4o' } }, { provider: 'openai', model: 'gpt-4o' }],
    ['that is not said', {}, null],
    ['whose provider is not said', { provider: 'github_copilot', options: { model: 'gpt-4o' } }, null],
    ['whose provider is', { provider: 'opencode', options: { model: 'anthropic/claude-x' } }, { provider: 'anthropic', model: 'claude-x' }],
    [
      'at an address',
      compatible({ temperature: 0.2, top_p: 1, max_tokens: 9, max_completion_tokens: 50, api_key: '{{.env.GROQ_API_KEY}}' }),
      {
        provider: 'openai_compatible',
        model: 'llama3',
        base_url: 'http://localhost:11434/v1',
        api_key_env: 'GROQ_API_KEY',
        parameters: { temperature: 0.2, top_p: 1, max_tokens: 50 },
      },
    ],
    ['at the address of OpenAI', compatible({ base_url: 'https://api.openai.com/v1' }), { provider: 'openai', model: 'llama3' }],
    [
      'within a limit',
      { ...compatible({}), timeout: 600 },
      { provider: 'openai_compatible', model: 'llama3', base_url: 'http://localhost:11434/v1', timeout_ms: 660_000 },
    ],
    [
      'that the run chooses',
      { provider: '{{.inputs.who}}', options: { model: 'm' } },
      {
        provider:
          '{{ {"claude": "anthropic", "codex": "openai", "gemini": "google", "openai_compatible": "openai_compatible"}[string(inputs.who)] }}',
        model: 'm',
      },
    ],
  ])('%s', (_, step, expected) => {
    expect(modelOf(step)).toEqual(expected);
  });

  it.each<[JsonObject, string]>([
    [{ provider: 'clippy' }, '/states/a/provider unknown_provider'],
    [{ provider: null }, '/states/a/provider required'],
    [{ provider: 'openai_compatible' }, '/states/a/options/base_url required'],
    [compatible({ api_key: 'sk-123' }), '/states/a/options/api_key key_in_definition'],
    [compatible({ api_key: '{{.env.A_API_KEY}}', base_url: 'https://{{.inputs.who}}/v1' }), '/states/a/options/base_url key_for_anybody'],
    [compatible({ api_key: '{{.env.HOME}}' }), '/states/a/options/api_key key_in_definition'],
    [{ options: { dangerously_skip_permissions: true } }, '/states/a/options/dangerously_skip_permissions warned'],
    [{ provider: 'mistral_vibe', options: { model: 'x' } }, '/states/a/options/model warned'],
  ])('%j', (step, fault) => {
    expect(faultsOf(step)).toContain(fault);
  });
});

describe('an agent step', () => {
  it('asks with its prompt, and is told its limits', () => {
    expect(configOf({ prompt: 'Look at {{.inputs.file}}', timeout: '1m30s' })).toEqual({
      node: 'agent.run',
      agent: { name: 'a' },
      query: 'Look at {{ inputs.file }}',
      format: 'auto',
      timeout_ms: 90_000,
    });
  });

  it('reads prompts, roles and skills from files, as they are', () => {
    const config = configOf({
      prompt: undefined as never,
      prompt_file: 'prompts/review.md',
      role: 'senior',
      system_prompt: 'Be {{.inputs.who}}.',
      skills: ['go', { path: './own/audit' }],
      output_format: 'json',
    });
    expect(config).toMatchObject({
      agent: { instructions: '\\{{ context.system }}' },
      context: { system: '{{ "You are {{ senior }}." }}\n\nBe {{ inputs.who }}.' },
      query:
        '<skill_content name="go">\nUse gofmt.\n</skill_content>\n\n<skill_content name="audit">\n\n</skill_content>\n\nReview {{ inputs.file }}.',
      format: 'json',
    });
  });

  it('goes on with the conversation of another, and with its instructions', () => {
    const seed = { type: 'agent', provider: 'claude', prompt: 'x', system_prompt: 'Remember.', conversation: {}, on_success: 'a' };
    expect(configOf({ conversation: { continue_from: 'seed' } }, { seed })).toMatchObject({
      history: '{{ states.seed.output.history }}',
      context: { system: 'Remember.' },
    });
    expect(configOf({ conversation: {} })).toMatchObject({ history: [] });
  });

  it('is a conversation, each answer of which has its limit', () => {
    expect(configOf({ mode: 'conversation', timeout: 600 })).toMatchObject({
      node: 'agent.chat',
      agent: { orchestration: { timeout_ms: 600_000 } },
      timeout_ms: null,
    });
  });

  it.each<[JsonObject, string]>([
    [{ prompt_file: 'prompts/review.md' }, '/states/a exclusive'],
    [{ prompt: undefined as never }, '/states/a required'],
    [{ output_format: 'xml' }, '/states/a/output_format unknown_format'],
    [{ role: 'nobody' }, '/states/a/role file_not_found'],
    [{ role: '{{.inputs.who}}' }, '/states/a/role unsupported'],
    [{ skills: ['rust'] }, '/states/a/skills/0 file_not_found'],
    [{ conversation: { continue_from: 'done' } }, '/states/a/conversation/continue_from no_conversation'],
    [{ conversation: { max_turns: 3 } }, '/states/a/conversation/max_turns warned'],
    [{ mcp_proxy: { enable: true } }, '/states/a/mcp_proxy warned'],
    [{ timeout: 'soon' }, '/states/a/timeout bad_duration'],
  ])('%j', (step, fault) => {
    expect(faultsOf(step)).toEqual([fault]);
  });
});

describe('operations', () => {
  const operation = (name: string, inputs: JsonObject): JsonObject => ({ type: 'operation', operation: name, inputs, on_success: 'done' });

  it('notify.send posts to a webhook', () => {
    const inputs = { backend: 'webhook', message: 'Built {{.inputs.file}}', webhook_url: 'https://hooks.example/x' };
    expect(translate({ a: operation('notify.send', inputs) })).toMatchObject({
      definition: {
        states: {
          a: {
            node: 'http.request',
            config: {
              method: 'POST',
              url: 'https://hooks.example/x',
              body: { title: 'AWF Workflow', message: 'Built {{ inputs.file }}', priority: 'default' },
              fail_on_status: true,
            },
          },
        },
      },
    });
  });

  it('those of GitHub have the token of the server', () => {
    const config = (inputs: JsonObject): Json => {
      const result = translate({
        a: operation('github.add_labels', { repo: 'o/r', number: '{{.inputs.file}}', labels: ['x'], ...inputs }),
      });
      return 'definition' in result ? (result.definition.states['a'] as unknown as { config: Json }).config : (result as unknown as Json);
    };
    expect(config({})).toEqual({
      operation: 'add_labels',
      repo: 'o/r',
      number: '{{ string(inputs.file) }}',
      labels: ['x'],
      token: '{{ secrets.?GITHUB_TOKEN.orValue("") }}',
    });
    expect(config({ token: '{{env.HEDDLE_SECRET_BOT}}', base_url: 'https://git.example/api/v3' })).toMatchObject({
      token: '{{ secrets.BOT }}',
      base_url: 'https://git.example/api/v3',
    });
  });

  it.each<[JsonObject, string]>([
    [operation('notify.send', { backend: 'desktop', message: 'x', webhook_url: 'y' }), '/states/a/inputs/backend unsupported'],
    [operation('notify.send', { backend: 'slack', message: 'x', webhook_url: 'y' }), '/states/a/inputs/backend unknown_backend'],
    [operation('notify.send', { backend: 'webhook', message: 'x' }), '/states/a/inputs/webhook_url required'],
    [
      operation('notify.send', { backend: 'webhook', message: 'x', webhook_url: 'y', priority: 'now' }),
      '/states/a/inputs/priority unknown_priority',
    ],
    [operation('github.get_issue', { repo: 'o/r', number: 1, token: 'ghp_x' }), '/states/a/inputs/token key_in_definition'],
    [operation('github.create_pr', { repo: 'o/r', title: 'x', head: 'y' }), '/states/a/inputs/base required'],
    [operation('jira.close', {}), '/states/a/operation unknown_operation'],
  ])('%j', (step, fault) => {
    expect(faultsOf(step)).toEqual([fault]);
  });
});
