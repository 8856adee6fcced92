import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiHeader, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';

const STREAM_DESCRIPTION =
  'Server-sent events: `id`, `event`, and `data` with one JSON object; a comment every 15 s keeps the connection alive.';

const STREAM_EXAMPLE =
  'id: 4\nevent: step.completed\ndata: {"run_id":"0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b","seq":4,"type":"step.completed","at":"2026-03-01T12:00:00.012Z","step":"fetch","data":{"output":{"status":200}}}\n\n';

const STREAM_CONTENT = { 'text/event-stream': { schema: { type: 'string' as const }, example: STREAM_EXAMPLE } };

/** Describes an answer that is a stream of `dto` objects. */
export function ApiEventStream(dto: Type<unknown>): MethodDecorator & ClassDecorator {
  return applyDecorators(ApiExtraModels(dto), ApiOkResponse({ description: STREAM_DESCRIPTION, content: STREAM_CONTENT }));
}

/** Describes an answer that is a page of `dto`, or a stream of them. */
export function ApiPageOrStream(dto: Type<unknown>): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(dto),
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      description: 'On a stream: the `id` to go on after',
      schema: { type: 'string', example: '4' },
    }),
    ApiOkResponse({
      description: `One page, or a stream. ${STREAM_DESCRIPTION}`,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['data', 'next_cursor'],
            properties: {
              data: { type: 'array', items: { $ref: getSchemaPath(dto) } },
              next_cursor: { type: 'string', nullable: true, description: 'Where the next page starts; null on the last page' },
            },
          },
        },
        ...STREAM_CONTENT,
      },
    }),
  );
}
