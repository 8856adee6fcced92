import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Type as Convert } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

/** One page of a list. */
export interface Page<T> {
  readonly data: T[];
  /** Null on the last page. */
  readonly next_cursor: string | null;
}

export const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 500;

/** The query parameters of every list; lists with filters extend it. */
export class PageQueryDto {
  @ApiPropertyOptional({
    type: 'integer',
    description: 'How many entries at most',
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    default: DEFAULT_PAGE_SIZE,
    example: 50,
  })
  @Convert(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_PAGE_SIZE)
  @IsOptional()
  limit: number = DEFAULT_PAGE_SIZE;

  @ApiPropertyOptional({ type: 'string', description: 'The `next_cursor` of the page before' })
  @IsString()
  @IsOptional()
  cursor?: string;
}

/**
 * The page of a query that read one row more than asked: the extra row says that there is a next page, and the last row shown
 * is where that page starts.
 */
export function pageOf<Row, T>(rows: readonly Row[], limit: number, toDto: (row: Row) => T, toCursor: (row: Row) => string): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { data: shown.map(toDto), next_cursor: rows.length > limit && last !== undefined ? toCursor(last) : null };
}

/** Describes a 200 answer with a page of `Dto`. */
export function ApiPage(dto: Type<unknown>, description = 'One page'): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(dto),
    ApiOkResponse({
      description,
      schema: {
        type: 'object',
        required: ['data', 'next_cursor'],
        properties: {
          data: { type: 'array', items: { $ref: getSchemaPath(dto) } },
          next_cursor: { type: ['string', 'null'], description: 'Where the next page starts; null on the last page' } as never,
        },
      },
    }),
  );
}
