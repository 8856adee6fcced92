import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DoctorRegistry, type Finding } from '../../../platform/doctor/index.js';
import { WorkflowFilesService } from './workflow-files.service.js';

/** Whether everything in the operator's directories could be loaded. */
@Injectable()
export class WorkflowFilesCheck implements OnModuleInit {
  constructor(
    private readonly doctor: DoctorRegistry,
    private readonly files: WorkflowFilesService,
  ) {}

  onModuleInit(): void {
    this.doctor.register('workflow_files', () => this.check());
  }

  private check(): Finding {
    const states = this.files.states();
    const details = Object.fromEntries(
      states.map(({ source, files, workflows, errors }) => [source, { files, workflows, errors: errors.length }]),
    );
    const failed = states.reduce((sum, { errors }) => sum + errors.length, 0);
    if (failed > 0) {
      return { status: 'warning', message: `${failed} files could not be loaded: GET /workflows/sources says why`, details };
    }
    const loaded = states.reduce((sum, { workflows }) => sum + workflows, 0);
    return { status: 'ok', message: `${loaded} workflows come from ${states.length} directories`, details };
  }
}
