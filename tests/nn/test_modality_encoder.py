import torch

from graphmer.nn.modality_encoder import ModalityEncoders


def test_each_modality_has_three_layers_of_its_own():
    torch.manual_seed(0)
    encoders = ModalityEncoders({"audio": 3, "text": 5}, 4, 0.5).eval()
    features = {"text": torch.randn(6, 5), "audio": torch.randn(6, 3)}
    found = encoders(features)
    assert found.shape == (6, 2, 4)
    for column, modality in enumerate(("audio", "text")):
        first, second, third = (encoders.encoder[modality][layer] for layer in (0, 3, 6))
        expected = third(torch.relu(second(torch.relu(first(features[modality])))))
        torch.testing.assert_close(found[:, column], expected)


def test_they_have_the_parameters_of_the_port_of_mmin():
    with torch.device("meta"):
        encoders = ModalityEncoders({"audio": 512, "text": 1024, "video": 1024}, 128, 0.5)
    assert sum(parameter.numel() for parameter in encoders.parameters()) == 427_136
