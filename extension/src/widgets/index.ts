export { CanvasModel, CanvasView } from './canvas';
export { InspectorModel, InspectorWidgetView } from './inspector';
export { LineageModel, LineageWidgetView } from './lineage';
export { RunModel, RunWidgetView } from './run';
