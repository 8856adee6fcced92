import { Controller, Get, Req } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { EdgeRequest } from '../../platform/http/edge-request.js';
import { CurrentPrincipal, Endpoint } from '../../platform/http/endpoint.decorator.js';
import type { Principal } from '../../platform/http/permissions.js';
import { MeDto, toMeDto } from './dto/me.dto.js';

@ApiTags('auth')
@Controller('me')
export class MeController {
  @Get()
  @Endpoint({ access: 'authenticated', operationId: 'getMe', summary: 'Who this key is, what it may do and its limits' })
  @ApiOkResponse({ type: MeDto, description: 'The caller' })
  getMe(@CurrentPrincipal() principal: Principal, @Req() request: EdgeRequest): MeDto {
    const { rate } = request;
    if (rate === undefined) throw new Error('the edge middleware did not run');
    return toMeDto(principal, rate);
  }
}
