export { fit, headRow, row } from './drawing';
export { brightness, regress, smooth, stride } from './gain';
export { sampleRow } from './sample';
