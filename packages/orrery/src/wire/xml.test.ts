import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { utf8Encode } from '../stdx/bytes.ts';
import { createCodec } from './codec.ts';
import { WireError } from './errors.ts';
import route53 from './generated/route53.json' with { type: 'json' };
import { asModel } from './models.ts';
import { parseXml, type XmlElement } from './xml-reader.ts';
import { escapeXml } from './xml-shapes.ts';

const fail = (message: string): WireError => new WireError('MalformedInput', message);
const parse = (text: string): XmlElement => parseXml(text, fail);

describe('XML', () => {
  it('is read as far as AWS uses it', () => {
    const root = parse(
      '\ufeff<?xml version="1.0"?>\r\n<!-- a --><n:A xmlns:n=\'x\' b = "1&amp;2"><B/> t&#x41;&#66;' +
        '<![CDATA[<&]]>\r\n<n:C >&lt;</n:C ></n:A>\n<!-- end -->',
    );
    assert.equal(root.name, 'A');
    assert.equal(root.attributes.get('b'), '1&2');
    assert.equal(root.text, ' tAB<&\n');
    assert.deepEqual(
      root.children.map(({ name, text }) => [name, text]),
      [
        ['B', ''],
        ['C', '<'],
      ],
    );
  });

  it('is refused where it is not well-formed, or asks for more than text', () => {
    const refused = [
      '',
      'text',
      '<A>',
      '</A>',
      '<A></B>',
      '<A/><B/>',
      '<A/>text',
      '<A b></A>',
      '<A b=c/>',
      '<A b="1" b="2"/>',
      '<A b="1"c="2"/>',
      '<A',
      '<>',
      '<A>&nbsp;</A>',
      '<A>&</A>',
      '<A>&#0;</A>',
      '<A>&#xd800;</A>',
      '<A><!-- </A>',
      '<A><![CDATA[</A>',
      '<!DOCTYPE A [<!ENTITY a "b">]><A>&a;</A>',
      '<!DOCTYPE A SYSTEM "file:///etc/passwd"><A/>',
      '<A><!ELEMENT B></A>',
    ];
    for (const text of refused) assert.throws(() => parse(text), { code: 'MalformedInput' }, text);
  });

  it('is bounded in depth and in elements', () => {
    assert.doesNotThrow(() => parse('<a>'.repeat(64) + '</a>'.repeat(64)));
    assert.throws(() => parse('<a>'.repeat(65)), { message: /nested too deeply/ });
    assert.throws(() => parse('<a>'.repeat(1_000_000)), { message: /nested too deeply/ });
    assert.throws(() => parse(`<a>${'<b/>'.repeat(200_001)}</a>`), { message: /too many/ });
  });

  it('gives every text back that was escaped', () => {
    const character = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(character, (text) => {
        const root = parse(`<a b="${escapeXml(text)}">${escapeXml(text)}</a>`);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those have no place in XML
        const kept = text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd');
        assert.equal(root.text, kept);
      }),
    );
    assert.equal(parse(`<a>${escapeXml('\ud800x')}</a>`).text, '\ufffdx');
  });

  it('never hangs or crashes the reader, whatever it holds', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      'a',
      'b:c',
      ' ',
      '=',
      '"',
      "'",
      '&',
      ';',
      '#',
      'x41',
      '<!--',
      '-->',
      '<?',
      '?>',
      '<![CDATA[',
      ']]>',
      '<a>',
      '</a>',
      '<a b="c"/>',
      '\r\n',
      'é',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          parse(pieces.join(''));
        } catch (error) {
          assert.ok(error instanceof WireError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
    const long = `<a>${'&amp'.repeat(100_000)}</a>`;
    assert.throws(() => parse(long), WireError);
  });
});

describe('a restXml body', () => {
  const codec = createCodec(asModel(route53));
  const read = (body: string): unknown => {
    const request = {
      method: 'POST',
      path: '/2013-04-01/hostedzone/Z1/rrset/',
      headers: {},
      body: utf8Encode(body),
    };
    return codec.read(codec.route(request), request);
  };
  const batch = (content: string): string =>
    `<ChangeResourceRecordSetsRequest><ChangeBatch>${content}</ChangeBatch></ChangeResourceRecordSetsRequest>`;
  const change = (set: string): string =>
    batch(
      `<Changes><Change><Action>CREATE</Action><ResourceRecordSet>${set}</ResourceRecordSet></Change></Changes>`,
    );

  it('is checked for types and required members, in the words of Route 53', () => {
    assert.throws(() => read(''), {
      code: 'InvalidInput',
      message: /^1 validation error detected: Value null at 'changeBatch' failed/,
    });
    assert.throws(() => read(change('<Name>a</Name>')), {
      message: /Value null at 'changeBatch\.changes\.1\.member\.resourceRecordSet\.type' failed/,
    });
    assert.throws(() => read(change('<Name>a</Name><Type>A</Type><TTL>x</TTL>')), {
      code: 'MalformedInput',
      message: "'x' can not be converted to a Number",
    });
    assert.throws(() => read(change('<Name><b/></Name>')), {
      code: 'MalformedInput',
      message: 'Unexpected complex element termination',
    });
    assert.throws(() => read(batch('<Changes><Other/></Changes>')), {
      code: 'MalformedInput',
      message: 'Unexpected list element termination',
    });
    assert.throws(() => read('<A>'), { code: 'MalformedInput' });
  });

  it('may hold elements that nobody knows, and white space between them', () => {
    const input = read(batch('\n <X><Y/></X> <Changes>\n</Changes>\n'));
    assert.deepEqual(input, { HostedZoneId: 'Z1', ChangeBatch: { Changes: [] } });
  });
});
