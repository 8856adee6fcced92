import { type CanActivate, type ExecutionContext, Injectable, type Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { plainToInstance } from 'class-transformer';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { validateSync, type ValidatorOptions } from 'class-validator';
import { type FieldError, UnprocessableError } from '../errors/app-error.js';
import { isJsonObject, type JsonObject } from '../../engine/model/json.js';
import { DtoRules } from './dto-rules.js';
import type { EdgeRequest } from './edge-request.js';
import { pointerToken } from './json-text.js';
import { toFieldErrors } from './validation-faults.js';

const STRICT: ValidatorOptions = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  validationError: { target: false, value: true },
};

/** The systems whose APIs dialects speak pass over parameters that they do not know, and so clients may send some. */
const LENIENT: ValidatorOptions = { ...STRICT, forbidNonWhitelisted: false };

/** Parameter types that carry no rules: what a handler types so, it checks by itself. */
const WITHOUT_RULES = new Set<unknown>([String, Number, Boolean, Array, Object, Buffer, undefined]);

/** The DTO classes a handler names as the types of its `@Body()` and `@Query()`. */
interface Expected {
  readonly body: Type<object> | undefined;
  readonly query: Type<object> | undefined;
}

/**
 * Checks bodies and queries against their DTO classes and refuses what the DTO does not know. A body becomes its DTO by copying
 * fields and following `@Type` for nested DTOs only: free-form JSON inside stays the very same value, whatever its size.
 * `@Transform` and `@Expose` therefore work in queries (where text must become numbers) and not in bodies.
 *
 * A guard and not a pipe: Nest takes every parameter of every handler through the global pipes, each with promises of its own,
 * and that costs a request more than all its checks.
 */
@Injectable()
export class ValidationGuard implements CanActivate {
  private readonly expectedBy = new Map<unknown, Expected>();

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    const { body, query } = this.expected(context);
    const { dialect } = request;
    if (body !== undefined) request.body = checkBody(request.body, body, dialect?.passesOverUnknownMembers === true ? LENIENT : STRICT);
    // Express reads the query anew at each look at it, unless the request has one of its own.
    if (query !== undefined)
      Object.defineProperty(request, 'query', { value: checkQuery(request.query, query, dialect === undefined ? STRICT : LENIENT) });
    return true;
  }

  private expected(context: ExecutionContext): Expected {
    const handler = context.getHandler();
    const known = this.expectedBy.get(handler);
    if (known !== undefined) return known;
    const controller = context.getClass<object>();
    const expected = {
      body: dtoOf(controller, handler.name, RouteParamtypes.BODY),
      query: dtoOf(controller, handler.name, RouteParamtypes.QUERY),
    };
    this.expectedBy.set(handler, expected);
    return expected;
  }
}

/** The class of the handler's parameter that holds the whole body or query; undefined when it has none with rules. */
function dtoOf(controller: Type<object>, handler: string, source: RouteParamtypes): Type<object> | undefined {
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler) ?? {}) as Record<string, { index: number }>;
  const types = (Reflect.getMetadata('design:paramtypes', controller.prototype as object, handler) ?? []) as unknown[];
  return Object.entries(parameters)
    .filter(([key]) => key.startsWith(`${source}:`))
    .map(([, { index }]) => types[index])
    .find((type): type is Type<object> => !WITHOUT_RULES.has(type));
}

function checkBody(value: unknown, dto: Type<object>, options: ValidatorOptions): object {
  const given = value ?? {};
  if (!isJsonObject(given)) throw refused('body', [{ path: '', code: 'type', message: 'must be a JSON object' }]);
  const faults: FieldError[] = [];
  const body = hydrate(given, dto, '', faults);
  if (faults.length === 0 && DtoRules.of(dto).surelyHoldFor(body)) return body;
  faults.push(...toFieldErrors(validateSync(body, options), 'pointer'));
  if (faults.length > 0) throw refused('body', faults);
  return body;
}

function checkQuery(given: object, dto: Type<object>, options: ValidatorOptions): object {
  const rules = DtoRules.of(dto);
  const query = rules.takesAsIs(given) ? Object.assign(new dto(), given) : plainToInstance(dto, given);
  if (rules.surelyHoldFor(query)) return query;
  const errors = validateSync(query, options);
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
    const nested = nestedDto(dto, key);
    if (key === '__proto__') faults.push({ path: `${path}/${key}`, code: 'unknown_field', message: 'is not a known field' });
    else target[key] = nested === undefined ? value : hydrateField(value, nested, `${path}/${pointerToken(key)}`, faults);
  }
  return target;
}

function hydrateField(value: unknown, dto: Type<object>, path: string, faults: FieldError[]): unknown {
  if (Array.isArray(value)) return value.map((item, index) => hydrateField(item, dto, `${path}/${index}`, faults));
  return isJsonObject(value) ? hydrate(value, dto, path, faults) : value;
}

function nestedDto(dto: Type<object>, key: string): Type<object> | undefined {
  const metadata = defaultMetadataStorage.findTypeMetadata(dto, key);
  const type = metadata?.typeFunction() as Type<object> | undefined;
  return WITHOUT_RULES.has(type) || (type as unknown) === Date ? undefined : type;
}
