import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiHeader, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../platform/http/api-problems.js';
import { BodyLimit, Consumes } from '../../platform/http/body.guard.js';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { Endpoint } from '../../platform/http/endpoint.decorator.js';
import { HookReceiptDto } from './dto/trigger.dto.js';
import { HooksService } from './hooks.service.js';

/** Callers have no key, so they get less room. */
const BODY_LIMIT_BYTES = 1024 * 1024;
const NO_BODY = Buffer.alloc(0);
const signed = (name: string, description: string, example: string) =>
  ApiHeader({ name, required: false, description, schema: { type: 'string', example } });

@ApiTags('triggers')
@Controller('hooks')
export class HooksController {
  constructor(private readonly service: HooksService) {}

  @Post(':token')
  @HttpCode(202)
  @Endpoint({
    access: 'public',
    operationId: 'receiveHook',
    summary: 'Fire a webhook trigger',
    description: `Signed by Standard Webhooks with the secret of the trigger, unless the trigger says \`verify: none\`. A message that is
sent again with the same \`webhook-id\` is answered with the run it started.`,
  })
  @Consumes('bytes')
  @BodyLimit(BODY_LIMIT_BYTES)
  @signed('webhook-id', 'Names the message; at most one run comes of it', 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W')
  @signed('webhook-timestamp', 'When it was sent, in epoch seconds', '1893499200')
  @signed('webhook-signature', 'One or more signatures, with spaces between', 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=')
  @ApiBody({ required: false, description: 'Anything, at most 1 MiB', schema: { type: 'string', format: 'binary' } })
  @ApiAcceptedResponse({ type: HookReceiptDto })
  @ApiProblems(400, 401, 404, 409, 413, 415, 422, 429, 503)
  receiveHook(@Param('token') token: string, @Body() body: Buffer | undefined, @Req() request: EdgeRequest): Promise<HookReceiptDto> {
    return this.service.receive({ token, body: body ?? NO_BODY, headers: request.headers, query: request.query });
  }
}
