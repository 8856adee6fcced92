export { DoctorModule } from './doctor.module.js';
/** Where modules register what `GET /system/doctor` looks at. */
export { CHECK_STATUSES, DoctorRegistry, type CheckReport, type CheckStatus, type DoctorCheck, type Finding } from './doctor-registry.js';
