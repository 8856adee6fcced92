import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { validateSync, type ValidatorOptions } from 'class-validator';
import { type FieldError, UnprocessableError } from '../errors/app-error.js';
import { isJsonObject, type JsonObject } from '../../engine/model/json.js';
import { pointerToken } from './json-text.js';
import { toFieldErrors } from './validation-faults.js';

const STRICT: ValidatorOptions = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  validationError: { target: false, value: true },
};

/** Parameter types that carry no rules: what a handler types so, it checks by itself. */
const WITHOUT_RULES = new Set<unknown>([String, Number, Boolean, Array, Object, Buffer, undefined]);

/**
 * Checks bodies and queries against their DTO classes and refuses what the DTO does not know. A body becomes its DTO by copying
 * fields and following `@Type` for nested DTOs only: free-form JSON inside stays the very same value, whatever its size.
 * `@Transform` and `@Expose` therefore work in queries (where text must become numbers) and not in bodies.
 */
@Injectable()
export class StrictValidationPipe implements PipeTransform<unknown, unknown> {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (type === 'custom' || type === 'param' || WITHOUT_RULES.has(metatype)) return value;
    return type === 'body' ? checkBody(value, metatype as Type<object>) : checkQuery(value, metatype as Type<object>);
  }
}

function checkBody(value: unknown, dto: Type<object>): object {
  const given = value ?? {};
  if (!isJsonObject(given)) throw refused('body', [{ path: '', code: 'type', message: 'must be a JSON object' }]);
  const faults: FieldError[] = [];
  const body = hydrate(given, dto, '', faults);
  const errors = validateSync(body, STRICT);
  faults.push(...toFieldErrors(errors, 'pointer'));
  if (faults.length > 0) throw refused('body', faults);
  return body;
}

function checkQuery(value: unknown, dto: Type<object>): object {
  const query = plainToInstance(dto, value ?? {});
  const errors = validateSync(query, STRICT);
  if (errors.length > 0) throw refused('query', toFieldErrors(errors, 'name'));
  return query;
}

function refused(what: string, faults: readonly FieldError[]): UnprocessableError {
  const onlyUnknown = faults.every((fault) => fault.code === 'unknown_field');
  return new UnprocessableError(`the ${what} is not valid`, faults, onlyUnknown ? 'unknown_field' : 'validation_failed');
}

function hydrate(source: JsonObject, dto: Type<object>, path: string, faults: FieldError[]): object {
  const target = new dto() as Record<string, unknown>;
  for (const [key, value] of Object.entries(source)) {
    const at = `${path}/${pointerToken(key)}`;
    if (key === '__proto__') faults.push({ path: at, code: 'unknown_field', message: 'is not a known field' });
    else target[key] = hydrateField(value, nestedDto(dto, key), at, faults);
  }
  return target;
}

function hydrateField(value: unknown, dto: Type<object> | undefined, path: string, faults: FieldError[]): unknown {
  if (dto === undefined) return value;
  if (Array.isArray(value)) return value.map((item, index) => hydrateField(item, dto, `${path}/${index}`, faults));
  return isJsonObject(value) ? hydrate(value, dto, path, faults) : value;
}

function nestedDto(dto: Type<object>, key: string): Type<object> | undefined {
  const metadata = defaultMetadataStorage.findTypeMetadata(dto, key);
  const type = metadata?.typeFunction() as Type<object> | undefined;
  return WITHOUT_RULES.has(type) || (type as unknown) === Date ? undefined : type;
}
