import { Global, Module } from '@nestjs/common';
import { DoctorRegistry } from './doctor-registry.js';

@Global()
@Module({ providers: [DoctorRegistry], exports: [DoctorRegistry] })
export class DoctorModule {}
