// The look-ups of a list of workers, as PouchDB does them: views that are kept beside the documents.
export const design = {
  _id: '_design/worker',
  views: {
    by_nik: { map: 'function (doc) { emit(doc.nik); }' },
    by_area: { map: 'function (doc) { emit([doc.area, doc.name]); }' },
    by_word: { map: 'function (doc) { doc.name.split(" ").forEach(function (word) { emit(word); }); }' },
  },
};
