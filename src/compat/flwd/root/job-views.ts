import type { JsonObject } from '../../../engine/index.js';
import type { JobDetailDto, JobDto, WorkflowSourceState } from '../../../modules/workflows/index.js';
import { sourceName } from '../job-views.js';
import { argsOf } from './argspec.js';

/** Everything runs as processes of the server, which confines none of them. */
export const EXECUTOR = 'proc';
export const SECURITY_PROFILE = 'disabled';

export const SOURCE_TYPE = 'local';
const API = 'api';

/** A fault of a job, found by a plan. */
export interface Finding {
  readonly code: string;
  readonly level: 'error' | 'warning';
  readonly message: string;
}

export function rootJob(job: JobDto): object {
  const { id, name, description, args, source } = job;
  return {
    id,
    name,
    ...(description === null ? {} : { description }),
    args: argsOf(args),
    source: { name: sourceName(source), type: typeOf(source) },
  };
}

/** Where a job comes from; of one that is not there any more, its id. */
export function provenance(id: string, job: JobDto | null, sources: readonly WorkflowSourceState[]): object {
  if (job === null) return { canonical_id: id, canonical_path: id };
  const directory = sources.find(({ source }) => source === job.source)?.path;
  return {
    source: {
      type: typeOf(job.source),
      name: sourceName(job.source),
      ...(directory === undefined ? {} : { ref: directory, resolved_ref: directory }),
    },
    canonical_id: id,
    canonical_path: job.path ?? id,
  };
}

export function planView(job: JobDetailDto, resolved: JsonObject, findings: readonly Finding[], from: object): object {
  return {
    job_id: job.id,
    effective_argspec: { args: argsOf(job.args) },
    executor_preview: { executor: EXECUTOR, composition: job.steps.length > 1 ? 'steps' : 'single' },
    requirements: { tools: [], status: findings.some(({ level }) => level === 'error') ? 'failed' : 'ok' },
    resolved_args: resolved,
    security_profile: SECURITY_PROFILE,
    policy_findings: findings,
    steps: job.steps.map(({ id, name }) => ({ id, name, executor: EXECUTOR })),
    provenance: from,
  };
}

/** A directory of definitions. Its jobs are loaded whenever it changes. */
export function sourceView({ source, path, files, workflows, errors }: WorkflowSourceState): object {
  return {
    name: sourceName(source),
    type: SOURCE_TYPE,
    ref: path,
    resolved_ref: path,
    trusted: true,
    pull_policy: 'always',
    expose: 'read',
    aliases: [],
    metadata: { files, jobs: workflows, errors: errors.length },
  };
}

function typeOf(source: string): string {
  return source === API ? API : SOURCE_TYPE;
}
