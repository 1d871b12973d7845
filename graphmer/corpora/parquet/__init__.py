"""Corpora in columns, one row a turn: Parquet files, and the Arrow files of Hugging Face ``datasets``.

========================  =========================================  =====================================
column                    type                                       content
========================  =========================================  =====================================
``dialogue``              string                                     id; the rows of a dialogue follow
                                                                     one another
``turn``                  integer                                    place in the dialogue, from 0
``speaker``               string                                     name of the speaker
``label``                 string, or float for scores                annotation
``id``                    string                                     id of the turn
``text``                  string                                     transcript
``start``, ``end``        float                                      seconds
``reply_to``              string                                     id of another turn
``causes``                list of strings                            ids of the turns that cause the emotion
``split``, ``session``    string                                     of the dialogue
``features_<modality>``   list of as many floats as the width        vector; null is missing
========================  =========================================  =====================================

Columns from ``label`` on may be left out. Key ``graphmer`` of the schema's metadata holds the header of the
corpus, `graphmer.corpora.header.Header`, as JSON; without it, classes and widths are those found in the rows.
"""
