import type { Type } from '@nestjs/common';
import { TransformationType } from 'class-transformer';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage, type ValidationArguments, ValidationTypes } from 'class-validator';

interface Check {
  readonly each: boolean;
  readonly constraints: unknown[];
  holds(value: unknown, args: ValidationArguments): unknown;
}

/** The rules of one field of a DTO. */
interface FieldRules {
  /** All of them must hold for the checks to apply, as `@IsOptional()` has it. */
  readonly conditions: readonly ((dto: object, value: unknown) => boolean)[];
  readonly checks: readonly Check[];
  /** Rules that are not looked at here (nested DTOs and the like) apply to the field. */
  readonly more: boolean;
}

type Metadata = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

/**
 * What the decorators of a DTO class say, gathered once: class-validator gathers it anew for each value, which costs more than
 * the checks. It only tells what is certainly valid; everything else is for class-validator to judge and to word.
 */
export class DtoRules {
  private static readonly known = new WeakMap<Type<object>, DtoRules>();
  private readonly fields: ReadonlyMap<string, FieldRules>;
  private readonly transformed: ReadonlySet<string>;

  static of(dto: Type<object>): DtoRules {
    let rules = DtoRules.known.get(dto);
    if (rules === undefined) DtoRules.known.set(dto, (rules = new DtoRules(dto)));
    return rules;
  }

  private constructor(private readonly dto: Type<object>) {
    const metadata = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
    this.fields = new Map([...Map.groupBy(metadata, ({ propertyName }) => propertyName)].map(([name, all]) => [name, fieldRules(all)]));
    this.transformed = new Set([...this.fields.keys()].filter((name) => isTransformed(dto, name)));
  }

  /** Whether all fields are known ones whose values are taken as they come. */
  takesAsIs(fields: object): boolean {
    return Object.keys(fields).every((name) => this.fields.has(name) && !this.transformed.has(name));
  }

  /** Whether `value`, an instance of the class, has known fields only and keeps all their rules. False also when it cannot be told. */
  surelyHoldFor(value: object): boolean {
    if (this.fields.size === 0 || !Object.keys(value).every((name) => this.fields.has(name))) return false;
    for (const [name, rules] of this.fields) if (!this.holdsFor(value, name, rules)) return false;
    return true;
  }

  private holdsFor(object: object, property: string, { conditions, checks, more }: FieldRules): boolean {
    const value = (object as Record<string, unknown>)[property];
    if (!conditions.every((applies) => applies(object, value))) return true;
    if (more) return false;
    return checks.every((check) => {
      const args = { targetName: this.dto.name, property, object, value, constraints: check.constraints };
      return check.each && Array.isArray(value)
        ? value.every((item) => check.holds(item, args) === true)
        : check.holds(value, args) === true;
    });
  }
}

function fieldRules(all: readonly Metadata[]): FieldRules {
  const of = (type: string): Metadata[] => all.filter((rule) => rule.type === type && rule.validateIf === undefined);
  const conditions = of(ValidationTypes.CONDITIONAL_VALIDATION);
  const checks = of(ValidationTypes.CUSTOM_VALIDATION);
  const allowed = of(ValidationTypes.WHITELIST);
  return {
    conditions: conditions.map(({ constraints }) => constraints[0] as FieldRules['conditions'][number]),
    checks: checks.flatMap(checksOf),
    more: conditions.length + checks.length + allowed.length < all.length || checks.some(isAsynchronous),
  };
}

function checksOf({ constraintCls, constraints, each }: Metadata): Check[] {
  return getMetadataStorage()
    .getTargetValidatorConstraints(constraintCls)
    .map(({ instance }) => ({ each, constraints, holds: (value, args) => instance.validate(value, args) }));
}

function isAsynchronous({ constraintCls }: Metadata): boolean {
  return getMetadataStorage()
    .getTargetValidatorConstraints(constraintCls)
    .some((constraint) => constraint.async);
}

function isTransformed(dto: Type<object>, name: string): boolean {
  const storage = defaultMetadataStorage;
  return (
    storage.findTypeMetadata(dto, name) !== undefined ||
    storage.findExposeMetadata(dto, name) !== undefined ||
    storage.findExcludeMetadata(dto, name) !== undefined ||
    storage.findTransformMetadatas(dto, name, TransformationType.PLAIN_TO_CLASS).length > 0
  );
}
