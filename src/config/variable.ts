import { z } from 'zod';

/** One environment variable: how it is read, and all that the README table says about it. */
export interface Variable<T = unknown> {
  readonly schema: z.ZodType<T, string | undefined>;
  /** Shown in the table: `integer`, `a | b`, `list`, … */
  readonly type: string;
  /** Shown in the table; null when there is none. */
  readonly fallback: string | null;
  readonly description: string;
  /** Never printed, logged or echoed in a fault. */
  readonly secret: boolean;
  /** Another name that is read when this one is unset. */
  readonly alias?: string;
}

interface Options {
  readonly description: string;
  readonly secret?: boolean;
  readonly alias?: string;
}

function variable<T>(type: string, fallback: string | null, schema: z.ZodType<T, string | undefined>, options: Options): Variable<T> {
  return { schema, type, fallback, secret: false, ...options };
}

export function text(fallback: string, options: Options): Variable<string> {
  return variable('string', fallback, z.string().default(fallback), options);
}

export function optionalText(options: Options & { readonly minLength?: number }): Variable<string | undefined> {
  const { minLength = 1, ...rest } = options;
  return variable('string', null, z.string().min(minLength, `must have at least ${minLength} characters`).optional(), rest);
}

export function postgresUrl(options: Options): Variable<string | undefined> {
  const schema = z
    .string()
    .refine((value) => /^postgres(ql)?:\/\//.test(value) && URL.canParse(value), 'must be a URL that starts with postgres://')
    .optional();
  return variable('URL', null, schema, options);
}

export function httpUrl(options: Options): Variable<string | undefined> {
  const schema = z
    .string()
    .refine((value) => /^https?:\/\//.test(value) && URL.canParse(value), 'must be a URL that starts with http:// or https://')
    .optional();
  return variable('URL', null, schema, options);
}

export function integer(fallback: number, range: readonly [min: number, max: number], options: Options): Variable<number> {
  const [min, max] = range;
  const message = `must be an integer from ${min} to ${max}`;
  const schema = z
    .string()
    .regex(/^-?\d+$/, message)
    .transform(Number)
    .pipe(z.number().int(message).min(min, message).max(max, message))
    .default(fallback);
  return variable('integer', String(fallback), schema, options);
}

/** An integer that means something of its own when unset. */
export function optionalInteger(range: readonly [min: number, max: number], options: Options): Variable<number | undefined> {
  const [min, max] = range;
  const message = `must be an integer from ${min} to ${max}`;
  const schema = z
    .string()
    .regex(/^-?\d+$/, message)
    .transform(Number)
    .pipe(z.number().int(message).min(min, message).max(max, message))
    .optional();
  return variable('integer', null, schema, options);
}

/** A span of days, fractions included. */
export function optionalDays(options: Options): Variable<number | undefined> {
  const message = 'must be a number of days from 0 to 36500, such as 30 or 0.5';
  const schema = z
    .string()
    .regex(/^\d+(\.\d+)?$/, message)
    .transform(Number)
    .pipe(z.number().max(36_500, message))
    .optional();
  return variable('days', null, schema, options);
}

export function oneOf<const V extends string>(values: readonly V[], fallback: V, options: Options): Variable<V> {
  return variable(values.join(' \\| '), fallback, z.enum(values, `must be one of ${values.join(', ')}`).default(fallback), options);
}

export function optionalOneOf<const V extends string>(values: readonly V[], options: Options): Variable<V | undefined> {
  return variable(values.join(' \\| '), null, z.enum(values, `must be one of ${values.join(', ')}`).optional(), options);
}

const SWITCH: Readonly<Record<string, boolean>> = {
  '1': true,
  true: true,
  yes: true,
  on: true,
  '0': false,
  false: false,
  no: false,
  off: false,
};

const switchText = z
  .string()
  .refine((value) => value.toLowerCase() in SWITCH, 'must be 1 or 0')
  .transform((value) => SWITCH[value.toLowerCase()] === true);

export function flag(fallback: boolean, options: Options): Variable<boolean> {
  return variable('1 \\| 0', fallback ? '1' : '0', switchText.default(fallback), options);
}

/** A switch that decides for itself when unset. */
export function optionalFlag(options: Options): Variable<boolean | undefined> {
  return variable('1 \\| 0', null, switchText.optional(), options);
}

/** Comma-separated; blanks around items and empty items are dropped. */
export function list(options: Options & { readonly item?: z.ZodType<string, string> }): Variable<string[]> {
  const { item = z.string(), ...rest } = options;
  const schema = z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .pipe(z.array(item))
    .default([]);
  return variable('list', null, schema, rest);
}

/** Ports by name: `a=1,b=2`. Only names of `names`, each once, and each port once; 0 takes a free one. */
export function portsByName<const N extends string>(names: readonly N[], options: Options): Variable<Partial<Record<N, number>>> {
  const schema = z
    .string()
    .default('')
    .transform((value, context) => {
      const ports: Partial<Record<N, number>> = {};
      const fault = (message: string): void => {
        context.addIssue({ code: 'custom', message });
      };
      for (const item of value.split(',').map((part) => part.trim())) {
        if (item === '') continue;
        const [, given, digits] = /^([\w-]+) *= *(\d{1,5})$/.exec(item) ?? [];
        const name = names.find((each) => each === given);
        const port = Number(digits);
        if (given === undefined || port > 65_535) fault('must list name=port');
        else if (name === undefined) fault(`must name no others than ${names.join(', ')}`);
        else if (name in ports) fault('must give each a port once');
        else if (port !== 0 && Object.values(ports).includes(port)) fault('must give each a port of its own');
        else ports[name] = port;
      }
      return ports;
    });
  return variable('name=port list', null, schema, options);
}

/** `provider/model`, of one of the providers. */
export function modelName<const P extends string>(
  providers: readonly P[],
  [provider, model]: readonly [P, string],
  options: Options,
): Variable<{ readonly provider: P; readonly model: string }> {
  const schema = z
    .string()
    .default(`${provider}/${model}`)
    .transform((value, context) => {
      const slash = value.indexOf('/');
      const [before, after] = [value.slice(0, slash), value.slice(slash + 1)];
      const known = providers.find((each) => each === before);
      if (known !== undefined && after !== '' && after.length <= 200) return { provider: known, model: after };
      context.addIssue({ code: 'custom', message: `must be provider/model, with one of ${providers.join(', ')}` });
      return z.NEVER;
    });
  return variable('provider/model', `${provider}/${model}`, schema, options);
}

/** Where files are kept: `postgres`, a directory, or `s3://bucket/prefix`. A directory is written with a slash, so that no typo is one. */
export function fileStorage(options: Options): Variable<string> {
  const schema = z
    .string()
    .refine(
      (value) => value === 'postgres' || /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[\w./-]*)?$/.test(value) || /^\.{0,2}\//.test(value),
      'must be postgres, a directory such as /var/lib/heddle/files, or s3://bucket/prefix',
    )
    .default('postgres');
  return variable('postgres \\| directory \\| s3://…', 'postgres', schema, options);
}

/** A directory and the name it goes by. */
export interface NamedPath {
  /** Null: none was given. */
  readonly name: string | null;
  readonly path: string;
}

/** Comma-separated paths, each with a name in front (`jobs=/srv/jobs`) or without. */
export function namedPaths(options: Options): Variable<NamedPath[]> {
  const items = list(options).schema;
  const schema = items.transform((paths) =>
    paths.map((item): NamedPath => {
      const named = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})=(.+)$/.exec(item);
      return named === null ? { name: null, path: item } : { name: named[1] as string, path: named[2] as string };
    }),
  );
  return variable('paths', null, schema, options);
}

/** What Express takes as `trust proxy`: a number of hops, a switch, or addresses. */
export function trustProxy(options: Options): Variable<boolean | number | string> {
  const schema = z
    .string()
    .transform((value): boolean | number | string => {
      if (/^\d+$/.test(value)) return Number(value);
      if (value === 'true' || value === 'false') return value === 'true';
      return value;
    })
    .default(false);
  return variable('hops \\| true \\| addresses', 'false', schema, options);
}
