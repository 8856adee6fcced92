import { ApiProperty } from '@nestjs/swagger';

export class SignalAcceptedDto {
  @ApiProperty({ format: 'uuid', example: '0198b3a4-5c6d-7e8f-9a0b-1c2d3e4f5a6b' })
  run_id: string;

  @ApiProperty({ example: 'payment-received' })
  name: string;
}
