import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { PageQueryDto } from '../../../platform/http/page.js';
import { APPROVAL_STATUSES, type ApprovalStatus } from '../approval.js';

export class ListApprovalsQueryDto extends PageQueryDto {
  @ApiPropertyOptional({ type: 'string', description: 'One status, or several with commas between', example: 'pending' })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value))
  @IsIn(APPROVAL_STATUSES, { each: true, message: `must be of ${APPROVAL_STATUSES.join(', ')}` })
  @IsOptional()
  status?: ApprovalStatus[];

  @ApiPropertyOptional({ format: 'uuid', description: 'Only approvals of this run' })
  @IsUUID()
  @IsOptional()
  run_id?: string;
}
