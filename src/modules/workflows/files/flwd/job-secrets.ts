import { pointerTo } from '../../../../engine/expressions/index.js';
import { isJsonObject, type Json, type JsonObject } from '../../../../engine/model/json.js';
import type { JobFaults } from './job-faults.js';

/** A secret of the server, and the environment variable in which the processes of a job find it. */
export interface JobSecret {
  readonly variable: string;
  /** As in `HEDDLE_SECRET_<NAME>`. */
  readonly name: string;
  /** Without it the job fails; otherwise its variable is empty. */
  readonly required: boolean;
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The name of the secret that an argument or a variable stands for. */
export function secretNameOf(variable: string): string {
  return variable.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_');
}

/** `secrets` of a job: names, or a mapping from variables to names. */
export function readSecrets(config: JsonObject, faults: JobFaults): JobSecret[] {
  const { secrets } = config;
  if (secrets === undefined || secrets === null) return [];
  if (Array.isArray(secrets)) return secrets.flatMap((variable, index) => secret(variable, variable, `/secrets/${index}`, faults));
  if (isJsonObject(secrets)) {
    return Object.entries(secrets).flatMap(([variable, name]) => secret(variable, name, pointerTo('/secrets', variable), faults));
  }
  faults.error('/secrets', 'type', 'must be a list of names, or a mapping from variables to names');
  return [];
}

function secret(variable: Json, name: Json, path: string, faults: JobFaults): JobSecret[] {
  if (typeof variable === 'string' && VARIABLE.test(variable) && typeof name === 'string' && VARIABLE.test(name)) {
    return [{ variable, name: secretNameOf(name), required: true }];
  }
  faults.error(path, 'pattern', 'a secret is named like an environment variable: letters, digits and underscores');
  return [];
}
