import { LabIcon } from '@jupyterlab/ui-components';

import canvas from '../style/icons/canvas.svg';
import inspector from '../style/icons/inspector.svg';
import lineage from '../style/icons/lineage.svg';
import twingraph from '../style/icons/twingraph.svg';

export const twingraphIcon = new LabIcon({ name: 'twingraph-lab:twingraph', svgstr: twingraph });
export const canvasIcon = new LabIcon({ name: 'twingraph-lab:canvas', svgstr: canvas });
export const lineageIcon = new LabIcon({ name: 'twingraph-lab:lineage', svgstr: lineage });
export const inspectorIcon = new LabIcon({ name: 'twingraph-lab:inspector', svgstr: inspector });
