import { isJsonObject, type Json, type JsonObject } from '../../model/json.js';
import { agentModel } from './agent-model.js';
import { namedFile } from './named-file.js';
import { celMember, celText } from './names.js';
import type { AwfTexts } from './texts.js';

const FORMATS = ['json', 'text'];
const FRONT_MATTER = /^---\r?\n[^]*?\r?\n---\r?\n?/;

/** Whether a step is a conversation with a person. */
export function converses(step: JsonObject): boolean {
  return step['type'] === 'agent' && step['mode'] === 'conversation';
}

/** An agent step as a node that asks an agent of the workflow's own. `limitMs`: what one answer may take, 0 without a limit. */
export function translateAgent(name: string, steps: JsonObject, limitMs: number, texts: AwfTexts): JsonObject {
  const step = steps[name] as JsonObject;
  return new AgentTranslation(name, step, steps, limitMs, texts).translate();
}

class AgentTranslation {
  private readonly path: string;

  constructor(
    private readonly name: string,
    private readonly step: JsonObject,
    private readonly steps: JsonObject,
    private readonly limitMs: number,
    private readonly texts: AwfTexts,
  ) {
    this.path = `/states/${name}`;
  }

  translate(): JsonObject {
    const { step, texts, path } = this;
    if (step['mcp_proxy'] !== undefined) texts.warn(`${path}/mcp_proxy`, 'not_kept', 'agents have no tools of a command line to intercept');
    const model = agentModel(step, path, this.limitMs, texts);
    const system = this.system(step, path, []);
    const agent: JsonObject = {
      name: agentNameOf(this.name),
      // Filled in from the context, so that braces in it stay what they are.
      ...(system === '' ? {} : { instructions: '\\{{ context.system }}' }),
      ...(model === null ? {} : { model: { primary: model } }),
      ...(converses(step) && this.limitMs > 0 ? { orchestration: { timeout_ms: this.limitMs } } : {}),
    };
    const config: JsonObject = {
      agent,
      query: this.prompt(),
      format: this.format(),
      ...(system === '' ? {} : { context: { system } }),
      ...this.history(),
    };
    return { type: 'step', node: converses(step) ? 'agent.chat' : 'agent.run', config };
  }

  private prompt(): string {
    const { step, texts, path } = this;
    const [inline, file] = [step['prompt'], step['prompt_file']];
    if (inline === undefined && file === undefined) texts.error(path, 'required', 'an agent step has a prompt or a prompt_file');
    if (inline !== undefined && file !== undefined) texts.error(path, 'exclusive', 'an agent step has either a prompt or a prompt_file');
    const prompt =
      file === undefined
        ? texts.template(inline ?? '', `${path}/prompt`)
        : texts.template(namedFile(String(file), `${path}/prompt_file`, texts), `${path}/prompt_file`);
    return [...this.skills(), prompt].join('\n\n');
  }

  private format(): string {
    const format = this.step['output_format'];
    if (format === undefined || format === null) return 'auto';
    if (!FORMATS.includes(String(format))) {
      this.texts.error(
        `${this.path}/output_format`,
        'unknown_format',
        `there is no format ${JSON.stringify(format)}; known are ${FORMATS.join(', ')}`,
      );
    }
    return String(format);
  }

  /** What an agent is told before all else. Who goes on with a conversation is told what its beginning was. */
  private system(step: JsonObject, path: string, above: readonly Json[]): string {
    const { texts } = this;
    const options = isJsonObject(step['options']) ? step['options'] : {};
    const written = step['system_prompt'] ?? options['system_prompt'];
    const parts = [
      ...(typeof step['role'] === 'string' ? [this.brought(step['role'], 'agents', 'AGENTS.md', `${path}/role`)] : []),
      ...(typeof written === 'string' && written !== '' ? [texts.template(written, `${path}/system_prompt`)] : []),
    ];
    if (parts.length > 0) return parts.join('\n\n');
    const before = continued(step);
    const earlier = before === null || above.includes(before) ? undefined : this.steps[before];
    return isJsonObject(earlier) ? this.system(earlier, `/states/${before}`, [...above, before]) : '';
  }

  private history(): JsonObject {
    const { step, texts, path } = this;
    const { conversation } = step;
    if (isJsonObject(conversation)) {
      for (const key of Object.keys(conversation)) {
        if (key !== 'continue_from') texts.warn(`${path}/conversation/${key}`, 'not_kept', `${key} of a conversation has no effect`);
      }
    }
    const before = continued(step);
    if (before === null) return isJsonObject(conversation) ? { history: [] } : {};
    const earlier = this.steps[before];
    if (!isJsonObject(earlier) || earlier['type'] !== 'agent' || !(isJsonObject(earlier['conversation']) || converses(earlier))) {
      const message = `continue_from: step "${before}" has no session ID or conversation history to resume`;
      texts.error(`${path}/conversation/continue_from`, 'no_conversation', message);
    }
    return { history: `{{ ${celMember('states', before)}.output.history }}` };
  }

  private skills(): string[] {
    const { skills } = this.step;
    return (Array.isArray(skills) ? skills : []).map((skill, index) => {
      const written = isJsonObject(skill) ? String(skill['path'] ?? '') : String(skill);
      const name = written.split('/').findLast((part) => part !== '') ?? written;
      const body = this.brought(written, 'skills', 'SKILL.md', `${this.path}/skills/${index}`);
      return `<skill_content name="${name}">\n${body}\n</skill_content>`;
    });
  }

  /** A text that lies in a directory, by its path or by its name below a folder of AWF; as it is, whatever it holds. */
  private brought(written: string, folder: string, file: string, path: string): string {
    if (written.includes('{{')) {
      this.texts.error(path, 'unsupported', 'files are read when the workflow is loaded, so a run cannot choose them');
      return '';
    }
    const base = this.texts.surroundings.directories?.['config_dir'];
    const directory = /^[.~/]/.test(written) || base === undefined ? written : `${base}/${folder}/${written}`;
    const text = namedFile(`${directory}/${file}`, path, this.texts).replace(FRONT_MATTER, '').trim();
    return text.includes('{{') ? `{{ ${celText(text)} }}` : text;
  }
}

function continued(step: JsonObject): string | null {
  const { conversation } = step;
  const from = isJsonObject(conversation) ? conversation['continue_from'] : undefined;
  return typeof from === 'string' && from !== '' ? from : null;
}

/** Names of agents begin with a letter and have no dots. */
function agentNameOf(state: string): string {
  const name = state.replaceAll('.', '_').slice(0, 64);
  return /^[A-Za-z]/.test(name) ? name : `step_${name}`.slice(0, 64);
}
