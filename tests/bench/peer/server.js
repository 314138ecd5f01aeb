// node server.js FOLDER: express-pouchdb on leveldb, as it comes, without its log and its web page. Prints its port.
import express from 'express';
import expressPouch from 'express-pouchdb';
import PouchDB from 'pouchdb';

const [folder] = process.argv.slice(2);
const Served = PouchDB.defaults({ prefix: `${folder}/` });
const app = express();
app.use('/', expressPouch(Served, { mode: 'minimumForPouchDB', inMemoryConfig: true }));
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
