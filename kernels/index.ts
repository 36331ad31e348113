export { bound } from './bound';
export { fit, headRow, row } from './drawing';
export { brightness, regress, smooth, stride } from './gain';
export { guided } from './guided';
export { sampleRow } from './sample';
