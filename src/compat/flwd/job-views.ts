import type { JobDetailDto, JobDto } from '../../modules/workflows/index.js';

const DIRECTORY = /^fs:/;

/** The name of a source; those of directories are told by their kind with us. */
export function sourceName(source: string): string {
  return source.replace(DIRECTORY, '');
}

export function jobItem({ id, name, namespace, version, description, source }: JobDto): object {
  return { id, name, namespace, version, description: description ?? '', source: sourceName(source) };
}

export function jobDetail(job: JobDetailDto): object {
  const { source, ...rest } = jobItem(job) as { source: string };
  return { ...rest, args: job.args, source };
}
