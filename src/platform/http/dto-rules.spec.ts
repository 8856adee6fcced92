import 'reflect-metadata';
import { Transform, Type } from 'class-transformer';
import {
  IsArray,
  IsDefined,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
  validateSync,
} from 'class-validator';
import { describe, expect, it } from 'vitest';
import { DtoRules } from './dto-rules.js';

class PartDto {
  @IsInt()
  n: number;
}

class ThingDto {
  @IsString()
  @Length(1, 5)
  name: string;

  @IsInt()
  @Min(1)
  @Max(9)
  @IsOptional()
  level?: number;

  @IsArray()
  @Length(1, 3, { each: true })
  @IsOptional()
  tags?: string[];

  @ValidateNested({ each: true })
  @Type(() => PartDto)
  @IsOptional()
  parts?: PartDto[];

  @IsInt()
  @ValidateIf(({ name }: ThingDto) => name === 'one')
  one?: number;
}

class StrictDto {
  @IsDefined()
  value: unknown;
}

class QueryDto {
  @IsString()
  @IsOptional()
  wait?: string;

  @Transform(({ value }) => Number(value))
  @IsInt()
  @IsOptional()
  limit?: number;
}

class WithoutRulesDto {}

function thing(fields: object): ThingDto {
  return Object.assign(new ThingDto(), fields);
}

const VALID = [{ name: 'a' }, { name: 'abcde', level: 9 }, { name: 'a', level: null }, { name: 'a', tags: [] }, { name: 'one', one: 1 }];
const INVALID = [
  {},
  { name: '' },
  { name: 'abcdef' },
  { name: 7 },
  { name: 'a', level: 0 },
  { name: 'a', level: 1.5 },
  { name: 'a', tags: 'b' },
  { name: 'a', tags: ['b', 'long'] },
  { name: 'a', parts: [{ n: 'x' }] },
  { name: 'one' },
  { name: 'a', other: 1 },
];

describe('the rules of a DTO', () => {
  it.each(VALID)('hold for %j, as class-validator says', (fields) => {
    expect(validateSync(thing(fields))).toEqual([]);
    expect(DtoRules.of(ThingDto).surelyHoldFor(thing(fields))).toBe(true);
  });

  it.each(INVALID)('do not hold for %j', (fields) => {
    expect(DtoRules.of(ThingDto).surelyHoldFor(thing(fields))).toBe(false);
  });

  it('leave to class-validator what they do not look into', () => {
    expect(DtoRules.of(ThingDto).surelyHoldFor(thing({ name: 'a', parts: [] }))).toBe(false);
    expect(DtoRules.of(StrictDto).surelyHoldFor(Object.assign(new StrictDto(), { value: undefined }))).toBe(false);
    expect(DtoRules.of(WithoutRulesDto).surelyHoldFor(new WithoutRulesDto())).toBe(false);
  });

  it('tell queries apart whose values have to be changed', () => {
    const rules = DtoRules.of(QueryDto);
    expect(rules.takesAsIs({ wait: '3s' })).toBe(true);
    expect(rules.takesAsIs({})).toBe(true);
    expect(rules.takesAsIs({ wait: '3s', limit: '4' })).toBe(false);
    expect(rules.takesAsIs({ ['__proto__']: 'x' })).toBe(false);
    expect(rules.takesAsIs({ unknown: 'x' })).toBe(false);
  });
});
