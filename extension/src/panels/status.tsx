import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IStatusBar } from '@jupyterlab/statusbar';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { twingraphIcon } from '../icons';
import type { Service, ServiceState } from '../service';
import { CommandIDs, type ITwinGraph } from '../tokens';

const RANK = 20;

/** Show in the status bar whether the service is there and how much is under way. */
export function addStatus(app: JupyterFrontEnd, hub: ITwinGraph, bar: IStatusBar, translator: ITranslator): void {
  const trans = translator.load('twingraph_lab');
  const { service } = hub;
  bar.registerStatusItem('twingraph-lab:service', {
    item: new Status(service, trans, () => void app.commands.execute(CommandIDs.showRuns)),
    align: 'left',
    rank: RANK,
    isActive: () => service.state !== 'unused',
    activeStateChanged: service.changed
  });
}

class Status extends ReactWidget {
  constructor(
    private readonly _service: Service,
    private readonly _trans: TranslationBundle,
    private readonly _open: () => void
  ) {
    super();
    this.addClass('tg-Status');
    _service.changed.connect(this.update, this);
  }

  protected render(): React.ReactElement {
    const { state, underWay } = this._service;
    const [text, title] = this._said(state, underWay);
    return (
      <button
        className={`tg-Status-button tg-mod-${state}`}
        title={title}
        onClick={() => (state === 'unreachable' ? this._service.need() : undefined, this._open())}
      >
        <twingraphIcon.react tag="span" className="tg-Status-icon" />
        <span role="status">{text}</span>
      </button>
    );
  }

  private _said(state: ServiceState, underWay: number): [text: string, title: string] {
    const trans = this._trans;
    switch (state) {
      case 'off':
        return [trans.__('TwinGraph off'), trans.__('The service is switched off in the settings')];
      case 'connecting':
        return [trans.__('TwinGraph …'), trans.__('Starting the service')];
      case 'unreachable':
        return [trans.__('TwinGraph unreachable'), trans.__('The service does not answer. Click to try again')];
      default:
        return underWay
          ? [trans._n('%1 run', '%1 runs', underWay), trans.__('Runs under way. Click to see all runs')]
          : [trans.__('TwinGraph'), trans.__('No run is under way. Click to see all runs')];
    }
  }
}
