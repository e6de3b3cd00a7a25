import type { JupyterFrontEnd } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import type { ITranslator } from '@jupyterlab/translation';

import { canvasIcon } from '../icons';
import { FACTORY, FILE_EXTENSION, FILE_TYPE } from '../tokens';
import { CanvasDocumentFactory, type CanvasDocument, type DocumentServices } from './widget';

/** Open `.twg.json` files as canvases; what is tracked are those that are open. */
export function registerDocuments(
  app: JupyterFrontEnd,
  services: DocumentServices,
  translator: ITranslator
): WidgetTracker<CanvasDocument> {
  const trans = translator.load('twingraph_lab');
  const documents = new WidgetTracker<CanvasDocument>({ namespace: 'twingraph-canvas' });
  app.docRegistry.addFileType({
    name: FILE_TYPE,
    displayName: trans.__('TwinGraph workflow'),
    extensions: [FILE_EXTENSION],
    mimeTypes: ['application/json'],
    contentType: 'file',
    fileFormat: 'text',
    icon: canvasIcon
  });
  const factory = new CanvasDocumentFactory(
    {
      name: FACTORY,
      label: trans.__('TwinGraph canvas'),
      modelName: 'text',
      fileTypes: [FILE_TYPE],
      defaultFor: [FILE_TYPE],
      translator
    },
    services
  );
  factory.widgetCreated.connect((_, document) => {
    void documents.add(document);
    document.context.pathChanged.connect(() => void documents.save(document));
  });
  app.docRegistry.addWidgetFactory(factory);
  return documents;
}
