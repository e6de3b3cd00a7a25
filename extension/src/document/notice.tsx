import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Condition, DocumentHost } from './host';

/** What a person can do about a document that can't be shown. */
interface Ways {
  openAsText(): void;
  again(): void;
}

/** Says why the canvas of a document isn't there, or why its edits wait. */
export class Notice extends ReactWidget {
  constructor(
    private readonly _host: DocumentHost,
    private readonly _openAsText: () => void,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('tg-Notice');
    _host.conditionChanged.connect(this.update, this);
  }

  protected render(): React.ReactElement {
    const ways: Ways = { openAsText: this._openAsText, again: () => this._host.hurry() };
    return <Message condition={this._host.condition} ways={ways} trans={this._trans} />;
  }
}

function Message(props: { condition: Condition; ways: Ways; trans: TranslationBundle }): React.ReactElement {
  switch (props.condition.kind) {
    case 'waiting':
      return <Waiting {...props.condition} ways={props.ways} trans={props.trans} />;
    case 'faulty':
      return <Faulty {...props.condition} ways={props.ways} trans={props.trans} />;
    case 'opening':
      return (
        <div className="tg-Notice-opening" role="status">
          {props.trans.__('Starting the TwinGraph service…')}
        </div>
      );
    case 'ready':
      return <></>;
  }
}

function Waiting(props: { reason: string; edits: number; ways: Ways; trans: TranslationBundle }): React.ReactElement {
  const { trans, edits } = props;
  return (
    <div className="tg-Notice-banner" role="alert">
      <span className="tg-Notice-text">
        {props.reason}{' '}
        {edits > 0
          ? trans._n('One change waits for it.', '%1 changes wait for it.', edits)
          : trans.__('The file can still be saved and edited as text.')}
      </span>
      <button className="jp-mod-styled jp-mod-accept" onClick={props.ways.again}>
        {trans.__('Try again')}
      </button>
      <button className="jp-mod-styled" onClick={props.ways.openAsText}>
        {trans.__('Open as text')}
      </button>
    </div>
  );
}

function Faulty(props: {
  message: string;
  faults: readonly string[];
  ways: Ways;
  trans: TranslationBundle;
}): React.ReactElement {
  const { faults, message, trans } = props;
  return (
    <div className="tg-Notice-page" role="alert">
      <h2>{trans.__('This file is not a workflow that can be drawn')}</h2>
      {faults.length ? (
        <ul>
          {faults.map((fault, index) => (
            <li key={index}>{fault}</li>
          ))}
        </ul>
      ) : (
        <p>{message}</p>
      )}
      <p>{trans.__('Nothing in it has been changed. The canvas comes back as soon as the text is right.')}</p>
      <p className="tg-Notice-ways">
        <button className="jp-mod-styled jp-mod-accept" onClick={props.ways.openAsText}>
          {trans.__('Open as text')}
        </button>
        <button className="jp-mod-styled" onClick={props.ways.again}>
          {trans.__('Try again')}
        </button>
      </p>
    </div>
  );
}
