import { isJsonObject, type Json, type JsonObject } from '../../../../engine/model/json.js';
import { durationMs } from './job-duration.js';
import type { JobFaults } from './job-faults.js';

/** What a job does, step by step. */
export interface JobStep {
  /** As a node of the graph is called. */
  readonly node: string;
  /** As its author calls it. */
  readonly name: string;
  readonly script: string;
  /** Ids of nodes. */
  readonly needs: readonly string[];
  /** JSON pointer to it. */
  readonly path: string;
  readonly timeoutMs?: number;
  /** Tries after the first. */
  readonly retries?: number;
}

export interface JobSteps {
  readonly composition: 'single' | 'steps';
  readonly steps: readonly JobStep[];
}

const NODE_ID = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
/** Scripts that a job without command and steps consists of, in the order of their names. */
export const PHASE_SCRIPT = /^(000|100|999)_/;

/** The steps of a job: its `steps`, its one `command`, or the scripts in its directory. */
export function readSteps(config: JsonObject, phaseScripts: readonly string[], faults: JobFaults): JobSteps {
  const composition = faults.word(config, 'composition', ['single', 'steps']);
  const { command, steps } = config;
  if (steps !== undefined && steps !== null && composition !== 'single') {
    if (command !== undefined && command !== null) faults.error('/command', 'exclusive', 'a job has a command or steps, not both');
    return { composition: 'steps', steps: listedSteps(steps, faults) };
  }
  if (composition === 'steps') faults.error('/steps', 'required', 'a job that is composed of steps has steps');
  if (command === undefined || command === null) {
    if (phaseScripts.length === 0 && composition !== 'steps') {
      faults.error('/command', 'required', 'a job has a command, steps, or scripts whose names begin with 000_, 100_ or 999_');
    }
    return { composition: 'steps', steps: phases(phaseScripts) };
  }
  const line = typeof command === 'string' ? command : words(command);
  if (line === null || line.trim() === '') faults.error('/command', 'type', 'must be a command line, or a list of texts');
  return { composition: 'single', steps: [{ node: 'run', name: 'run', script: line ?? '', needs: [], path: '/command' }] };
}

/** Turns a pointer into the nodes of the graph into one into the configuration. */
export function stepPointer(steps: readonly JobStep[], path: string): string {
  const match = /^\/nodes\/(\d+)(\/needs)?/.exec(path);
  const step = match === null ? undefined : steps[Number(match[1])];
  if (step === undefined) return path;
  return match?.[2] === undefined ? step.path : `${step.path}/needs`;
}

function listedSteps(value: Json, faults: JobFaults): JobStep[] {
  if (!Array.isArray(value) || value.length === 0) {
    faults.error('/steps', 'type', 'must be a list of steps');
    return [];
  }
  const nodes = nodeIds(value, faults);
  // A list that says nothing of needs is meant in its order.
  const inOrder = value.every((step) => !isJsonObject(step) || step['needs'] === undefined || step['needs'] === null);
  return value.flatMap((step, index): JobStep[] => {
    const path = `/steps/${index}`;
    const node = nodes.at(index);
    if (!isJsonObject(step) || node === undefined) return [];
    const previous = nodes.at(index - 1)?.node;
    const needs = inOrder ? (index === 0 || previous === undefined ? [] : [previous]) : neededNodes(step, path, nodes, faults);
    return [
      {
        node: node.node,
        name: faults.text(step, 'name', path) ?? node.id,
        script: scriptOf(step, path, faults),
        needs,
        path,
        ...limits(step, path, faults),
      },
    ];
  });
}

function scriptOf(step: JsonObject, path: string, faults: JobFaults): string {
  for (const key of ['executor', 'container']) {
    if (step[key] !== undefined && step[key] !== null) faults.error(`${path}/${key}`, 'unsupported', 'a step has no executor of its own');
  }
  const key = step['script'] === undefined || step['script'] === null ? 'command' : 'script';
  const script = faults.text(step, key, path);
  if (script === undefined && (step[key] ?? null) === null) faults.error(`${path}/script`, 'required', 'a step has a script');
  if (script?.trim() === '') faults.error(`${path}/${key}`, 'required', 'a step has a script');
  return script ?? '';
}

function limits(step: JsonObject, path: string, faults: JobFaults): Pick<JobStep, 'timeoutMs' | 'retries'> {
  const timeoutMs = readLimit(step, 'timeout', path, faults);
  const retries = readRetries(step, path, faults);
  return { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(retries === undefined ? {} : { retries }) };
}

export function readRetries(owner: JsonObject, path: string, faults: JobFaults): number | undefined {
  const { retries } = owner;
  if (retries === undefined || retries === null) return undefined;
  if (typeof retries === 'number' && Number.isInteger(retries) && retries >= 0 && retries < 100) return retries;
  faults.error(`${path}/retries`, 'type', 'must be a number of retries from 0 to 99');
  return undefined;
}

/** Milliseconds; undefined without a duration. */
export function readDuration(owner: JsonObject, key: string, path: string, faults: JobFaults): number | undefined {
  const value = owner[key];
  if (value === undefined || value === null) return undefined;
  const ms = durationMs(value);
  if (ms === null) faults.error(`${path}/${key}`, 'bad_duration', 'must be a duration such as 90s or 1h30m, or a number of seconds');
  return ms ?? undefined;
}

/** Milliseconds, at least one; 0 is no limit. */
export function readLimit(owner: JsonObject, key: string, path: string, faults: JobFaults): number | undefined {
  const ms = readDuration(owner, key, path, faults);
  return ms === 0 ? undefined : ms;
}

interface NamedNode {
  readonly id: string;
  readonly node: string;
}

/** Undefined for a step that has no id of its own. */
function nodeIds(steps: readonly Json[], faults: JobFaults): (NamedNode | undefined)[] {
  const ids = steps.map((step, index) => {
    const id = isJsonObject(step) ? step['id'] : undefined;
    if (typeof id === 'string' && id !== '') return id;
    faults.error(`/steps/${index}${isJsonObject(step) ? '/id' : ''}`, 'required', 'a step has an id');
    return undefined;
  });
  const known = [...new Set(ids.filter((id) => id !== undefined))];
  const nodes = nodeNames(known);
  return ids.map((id, index) => {
    if (id === undefined) return undefined;
    if (ids.indexOf(id) === index) return { id, node: nodes[known.indexOf(id)] as string };
    faults.error(`/steps/${index}/id`, 'duplicate_id', `there is another step ${id}`);
    return undefined;
  });
}

/** Ids may be what no node can be called; those get a name that is close to it. */
function nodeNames(ids: readonly string[]): string[] {
  const taken = new Set(ids.filter((id) => NODE_ID.test(id)));
  return ids.map((id) => {
    if (NODE_ID.test(id)) return id;
    const plain = id.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 58);
    const name = /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`;
    let free = name;
    for (let count = 2; taken.has(free); count++) free = `${name}_${count}`;
    taken.add(free);
    return free;
  });
}

function neededNodes(step: JsonObject, path: string, nodes: readonly (NamedNode | undefined)[], faults: JobFaults): string[] {
  return faults.texts(step, 'needs', path).flatMap((id, index) => {
    const needed = nodes.find((each) => each?.id === id);
    if (needed === undefined) faults.error(`${path}/needs/${index}`, 'dangling_reference', `there is no step ${id}`);
    return needed === undefined ? [] : [needed.node];
  });
}

function phases(scripts: readonly string[]): JobStep[] {
  const nodes = nodeNames(scripts);
  return scripts.map((script, index) => ({
    node: nodes[index] as string,
    name: script,
    script: `. ${quote(`./${script}`)}`,
    needs: nodes.slice(Math.max(0, index - 1), index),
    path: '',
  }));
}

function words(value: Json): string | null {
  return Array.isArray(value) && value.length > 0 && value.every((word) => typeof word === 'string') ? value.map(quote).join(' ') : null;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
